package config

import (
	"os"

	"github.com/jackc/pgx/v5/pgxpool"

	"auth.books.test/internal/setting"
	"auth.books.test/services/auth-api/internal/idtoken"
	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/servicekey"
	"auth.books.test/verify/token"
)

// Config has all settings. Every secret can also be read from a file, whose name is in the
// variable with _FILE appended.
type Config struct {
	Addr            setting.Address  `envconfig:"AUTH_API_ADDR" default:"127.0.0.1:8000" desc:"where the API listens"`
	MetricsAddr     setting.Address  `envconfig:"AUTH_API_METRICS_ADDR" default:"127.0.0.1:8001" desc:"where /metrics listens"`
	LogLevel        setting.Level    `envconfig:"AUTH_API_LOG_LEVEL" default:"info" desc:"debug, info, warn or error"`
	Issuer          setting.Origin   `envconfig:"AUTH_API_ISSUER" desc:"URL of the service as its callers know it, for /.well-known/oauth-authorization-server and for pages; without it there are none"`
	Realm           setting.Realm    `envconfig:"AUTH_API_REALM" default:"auth.books.test" desc:"name of the service in WWW-Authenticate (RFC 9110, section 11.5)"`
	Name            setting.Text     `envconfig:"AUTH_API_NAME" default:"auth.books.test" desc:"what the service is called on its pages"`
	Accent          setting.Colour   `envconfig:"AUTH_API_ACCENT" default:"#0b57d0" desc:"colour of buttons and links on the pages, as #rrggbb; text on it is black or white, whichever is easier to read"`
	InsecureCookies setting.Toggle   `envconfig:"AUTH_API_INSECURE_COOKIES" default:"false" desc:"whether people may sign in on pages by http, if AUTH_API_ISSUER is http:// and no loopback address; for development only"`
	PasskeyRPID     setting.Text     `envconfig:"AUTH_API_PASSKEY_RP_ID" desc:"domain that passkeys are made for; by default the host of AUTH_API_ISSUER, if that is https:// or localhost, else there are none. No passkey works for another domain, so that a change is refused while there are any"`
	PasskeyOrigins  setting.Origins  `envconfig:"AUTH_API_PASSKEY_ORIGINS" desc:"origins of the pages that use passkeys, separated by commas; by default AUTH_API_ISSUER"`
	CORSOrigins     setting.Origins  `envconfig:"AUTH_API_CORS_ORIGINS" desc:"origins of web pages that may call the API, separated by commas"`
	TrustedProxies  setting.Networks `envconfig:"AUTH_API_TRUSTED_PROXIES" desc:"networks (CIDR) of all proxies in front, whose X-Forwarded-For is trusted, separated by commas"`
	PasswordGrant   setting.Toggle   `envconfig:"AUTH_API_PASSWORD_GRANT" default:"false" desc:"whether POST /oauth/token accepts passwords; for development only (RFC 9700, section 2.4)"`
	DocsClient      clientID         `envconfig:"AUTH_API_DOCS_CLIENT" desc:"id of the public client with which /docs signs people in by code and PKCE, if AUTH_API_ISSUER is set; without, /docs takes tokens only"`
	Registration    registration     `envconfig:"AUTH_API_REGISTRATION" default:"closed" desc:"open or closed: whether POST /v1/accounts lets anybody make an account; auth-api account create does either way"`
	MaxConnections  setting.Number   `envconfig:"AUTH_API_MAX_CONNECTIONS" default:"4096" min:"16" max:"65535" desc:"connections that may be open at once; each may cost 16 KiB"`
	ShutdownDelay   setting.Duration `envconfig:"AUTH_API_SHUTDOWN_DELAY" default:"5s" max:"1h" desc:"how long /readyz fails and each answer closes its connection before the API stops listening"`
	ShutdownTimeout setting.Duration `envconfig:"AUTH_API_SHUTDOWN_TIMEOUT" default:"20s" max:"1h" desc:"how long requests in flight may take to finish"`

	SMTPURL  setting.Secret `envconfig:"AUTH_API_SMTP_URL" desc:"the mail server: smtps://, smtp:// (STARTTLS) or smtp+insecure:// URL; without, no mail is sent"`
	MailFrom sender         `envconfig:"AUTH_API_MAIL_FROM" desc:"sender of mails, as an address or Name <address>; the name is AUTH_API_NAME by default"`

	LimitSignIn              setting.Rate `envconfig:"AUTH_API_LIMIT_SIGN_IN" default:"30/1m" desc:"wrong passwords from one address (IPv6: /64; a /48 four times as many), or off"`
	LimitAccount             setting.Rate `envconfig:"AUTH_API_LIMIT_ACCOUNT" default:"10/1h" desc:"wrong passwords for one account on devices that are not known, or off"`
	LimitDevice              setting.Rate `envconfig:"AUTH_API_LIMIT_DEVICE" default:"10/1h" desc:"wrong passwords for one account on its known devices, or off"`
	LimitSignInOverall       setting.Rate `envconfig:"AUTH_API_LIMIT_SIGN_IN_OVERALL" default:"50/1s" desc:"wrong passwords on devices that are not known, from all addresses"`
	LimitSession             setting.Rate `envconfig:"AUTH_API_LIMIT_SESSION" default:"10/5m" desc:"wrong current passwords in one session, or off"`
	LimitRegistration        setting.Rate `envconfig:"AUTH_API_LIMIT_REGISTRATION" default:"30/10m" desc:"registrations and requests for a new password from one address, or off"`
	LimitRegistrationOverall setting.Rate `envconfig:"AUTH_API_LIMIT_REGISTRATION_OVERALL" default:"300/1m" desc:"registrations and requests for a new password from all addresses"`
	LimitClient              setting.Rate `envconfig:"AUTH_API_LIMIT_CLIENT" default:"100/1m" desc:"wrong secrets of clients from one address, or off"`
	LimitClientOverall       setting.Rate `envconfig:"AUTH_API_LIMIT_CLIENT_OVERALL" default:"1000/1m" desc:"wrong secrets of clients from all addresses"`

	AuthDBURL      setting.Secret   `envconfig:"AUTH_DB_URL" desc:"postgres:// URL; or give its parts"`
	AuthDBHost     setting.Text     `envconfig:"AUTH_DB_HOST" default:"127.0.0.1"`
	AuthDBPort     setting.Port     `envconfig:"AUTH_DB_PORT" default:"5432"`
	AuthDBUser     setting.Text     `envconfig:"AUTH_DB_USER" file:"true"`
	AuthDBPassword setting.Secret   `envconfig:"AUTH_DB_PASSWORD"`
	AuthDBName     setting.Text     `envconfig:"AUTH_DB_NAME" default:"auth"`
	AuthDBSSLMode  sslMode          `envconfig:"AUTH_DB_SSLMODE" default:"prefer" desc:"as libpq's sslmode"`
	AuthDBConns    setting.Number   `envconfig:"AUTH_DB_MAX_CONNECTIONS" default:"10" min:"1" max:"10000"`
	AuthDBRole     setting.Text     `envconfig:"AUTH_DB_SERVICE_ROLE" desc:"role that schema apply gives the rights of the service; its members serve, as AUTH_DB_USER"`
	AuthDBTimeout  setting.Duration `envconfig:"AUTH_DB_TIMEOUT" default:"3s" min:"1ms" max:"24h" desc:"deadline of a transaction"`

	SessionDBURL      setting.Secret `envconfig:"SESSION_DB_URL" desc:"redis://, rediss://, redis+sentinel:// or redis+cluster:// URL; or give its parts"`
	SessionDBHost     setting.Text   `envconfig:"SESSION_DB_HOST"`
	SessionDBPort     setting.Port   `envconfig:"SESSION_DB_PORT" default:"6379"`
	SessionDBUser     setting.Text   `envconfig:"SESSION_DB_USER"`
	SessionDBPassword setting.Secret `envconfig:"SESSION_DB_PASSWORD"`
	SessionDBMaster   setting.Text   `envconfig:"SESSION_DB_SENTINEL_MASTER" desc:"the master's name in Sentinel; SESSION_DB_HOST (separated by commas) and SESSION_DB_PORT are then those of the sentinels"`

	VerifyStrict setting.Toggle   `envconfig:"AUTH_API_VERIFY_STRICT" default:"false" desc:"whether every verification reads from Redis, without a cache in memory"`
	VerifyCache  setting.Number   `envconfig:"AUTH_API_VERIFY_CACHE_MIB" default:"64" max:"1048576" desc:"memory for the cache of verified tokens"`
	VerifyBound  setting.Duration `envconfig:"AUTH_API_VERIFY_BOUND" default:"500ms" min:"20ms" max:"1s" desc:"longest time for which a revoked token may pass while the network is broken"`

	TokenKey setting.Secret `envconfig:"SESSION_DB_TOKEN_KEY" desc:"keys that hash tokens, id:base64 separated by commas; new tokens use the first"`

	ServiceKey setting.Secret `envconfig:"AUTH_API_SERVICE_KEY" desc:"keys that only auth-api has, in the same form; never give them to APIs"`

	SigningKey setting.Secret `envconfig:"AUTH_API_SIGNING_KEY" desc:"keys that sign ID tokens, id:base64 of PKCS #8 separated by commas; new ones use the first; without, there is no OpenID Connect"`

	SessionIdle     setting.Duration `envconfig:"SESSION_IDLE_LIFETIME" default:"12h" min:"10s" max:"87600h" desc:"how long a session lives without use"`
	SessionLifetime setting.Duration `envconfig:"SESSION_LIFETIME" default:"720h" min:"10s" max:"87600h" desc:"how long a session lives at most"`

	AccessLifetime        setting.Duration `envconfig:"AUTH_API_ACCESS_LIFETIME" default:"15m" min:"10s" max:"24h" desc:"how long an access token of an app or a program lives"`
	RefreshLifetime       setting.Duration `envconfig:"AUTH_API_REFRESH_LIFETIME" default:"720h" min:"10s" max:"87600h" desc:"how long an app may refresh without the person"`
	PersonalLifetime      setting.Duration `envconfig:"AUTH_API_PERSONAL_LIFETIME" default:"8760h" min:"1h" max:"87600h" desc:"how long a personal access token lives at most"`
	ClientTokensPerSecond setting.Number   `envconfig:"AUTH_API_CLIENT_TOKENS_PER_SECOND" default:"10" min:"1" max:"10000" desc:"tokens of its own that a client may draw in a second"`
	ClientTokensAlive     setting.Number   `envconfig:"AUTH_API_CLIENT_TOKENS_ALIVE" default:"1000" min:"1" max:"100000" desc:"tokens of its own that a client may have alive"`

	PasswordMemory  setting.Number   `envconfig:"PASSWORD_MEMORY_KIB" default:"19456" min:"19456" max:"262144" desc:"argon2id memory of a hash"`
	PasswordTime    setting.Number   `envconfig:"PASSWORD_TIME" default:"2" min:"2" max:"10" desc:"argon2id passes"`
	PasswordThreads setting.Number   `envconfig:"PASSWORD_THREADS" default:"1" min:"1" max:"16" desc:"argon2id lanes"`
	PasswordSlots   setting.Number   `envconfig:"PASSWORD_SLOTS" default:"0" max:"1024" desc:"passwords hashed at once; 0: derived from processors and memory"`
	PasswordQueue   setting.Number   `envconfig:"PASSWORD_QUEUE" default:"0" max:"100000" desc:"sign-ins that may wait for a slot; 0: 16 for each slot"`
	Pepper          setting.Secret   `envconfig:"PASSWORD_PEPPER" desc:"secret keys that go into password hashes besides the salt, id:base64 separated by commas"`
	PasswordNames   setting.TextList `envconfig:"PASSWORD_SERVICE_NAMES" default:"auth.books.test,auth-api" desc:"names of the service, separated by commas, which may not be used as passwords"`

	parsed parsed
}

// parsed are settings whose values other packages parse. Load parses each of them once.
type parsed struct {
	tokenRing   *token.KeyRing
	serviceRing *servicekey.Ring
	signingKeys *idtoken.Keys
	peppers     password.Peppers
	postgres    *pgxpool.Config
	smtp        *mail.SMTP
}

// TokenRing is SESSION_DB_TOKEN_KEY, parsed by Load or LoadSessionDB.
func (c *Config) TokenRing() *token.KeyRing { return c.parsed.tokenRing }

// ServiceRing is AUTH_API_SERVICE_KEY, parsed by Load.
func (c *Config) ServiceRing() *servicekey.Ring { return c.parsed.serviceRing }

// SigningKeys are AUTH_API_SIGNING_KEY, parsed by Load; nil if it is not set.
func (c *Config) SigningKeys() *idtoken.Keys { return c.parsed.signingKeys }

// Peppers are PASSWORD_PEPPER, parsed by Load.
func (c *Config) Peppers() password.Peppers { return c.parsed.peppers }

// Postgres is AUTH_DB_URL or its parts, with AUTH_DB_MAX_CONNECTIONS, parsed by Load or
// LoadAuthDB. Each call returns a copy, which the caller may change.
func (c *Config) Postgres() *pgxpool.Config { return c.parsed.postgres.Copy() }

// Load reads the environment of the process, and lets the caller adjust the settings before
// they are validated. The error is a setting.Faults.
func Load(adjust ...func(*Config)) (Config, error) {
	c, faults := read()
	for _, change := range adjust {
		change(&c)
	}
	c.validate(&faults)
	return c, faults.OrNil()
}

// LoadAuthDB is Load for commands that need only Postgres.
func LoadAuthDB() (Config, error) {
	c, faults := read()
	c.validatePostgres(&faults)
	return c, faults.OrNil()
}

// LoadSessionDB is Load for commands that need only Redis and the token keys.
func LoadSessionDB() (Config, error) {
	c, faults := read()
	c.validateRedis(&faults)
	c.validateTokenKey(&faults)
	return c, faults.OrNil()
}

func read() (c Config, faults setting.Faults) {
	faults = setting.Read(&c)
	_, misspelt := unknown()
	return c, append(faults, misspelt...)
}

// Unknown are variables whose names begin like those of settings, but are not settings.
func Unknown() []string {
	names, _ := unknown()
	return names
}

func unknown() ([]string, setting.Faults) {
	return setting.Unknown(setting.Names(&Config{}), os.Environ(), "AUTH_API_", "AUTH_DB_", "SESSION_DB_")
}

// String prints every setting as NAME=value, with secrets masked.
func (c Config) String() string { return setting.Print(&c) }
