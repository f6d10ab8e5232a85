package config

import (
	"fmt"

	"github.com/kelseyhightower/envconfig"
)

// Config is all that can be set. Every secret can also be given as a file whose
// name is in the variable with _FILE after it.
type Config struct {
	Addr            string   `envconfig:"AUTH_API_ADDR" default:"127.0.0.1:8000" desc:"where the API listens"`
	MetricsAddr     string   `envconfig:"AUTH_API_METRICS_ADDR" default:"127.0.0.1:8001" desc:"where /metrics listens"`
	LogLevel        level    `envconfig:"AUTH_API_LOG_LEVEL" default:"info" desc:"debug, info, warn or error"`
	Issuer          origin   `envconfig:"AUTH_API_ISSUER" desc:"URL of the service as its callers know it, for /.well-known/oauth-authorization-server"`
	CORSOrigins     origins  `envconfig:"AUTH_API_CORS_ORIGINS" desc:"origins of web pages that may call the API, with commas"`
	TrustedProxies  networks `envconfig:"AUTH_API_TRUSTED_PROXIES" desc:"networks (CIDR) whose X-Forwarded-For is believed, with commas"`
	PasswordGrant   toggle   `envconfig:"AUTH_API_PASSWORD_GRANT" default:"false" desc:"whether POST /oauth/token takes passwords; for development (RFC 9700, section 2.4)"`
	MaxConnections  number   `envconfig:"AUTH_API_MAX_CONNECTIONS" default:"4096" desc:"connections that may be open at once; each may cost 16 KiB"`
	ShutdownDelay   duration `envconfig:"AUTH_API_SHUTDOWN_DELAY" default:"5s" desc:"how long /readyz fails and each answer closes its connection before the API stops listening"`
	ShutdownTimeout duration `envconfig:"AUTH_API_SHUTDOWN_TIMEOUT" default:"20s" desc:"how long requests in flight may take to finish"`

	AuthDBURL      Secret   `envconfig:"AUTH_DB_URL" desc:"postgres:// URL; or give its parts"`
	AuthDBURLFile  string   `envconfig:"AUTH_DB_URL_FILE"`
	AuthDBHost     string   `envconfig:"AUTH_DB_HOST" default:"127.0.0.1"`
	AuthDBPort     port     `envconfig:"AUTH_DB_PORT" default:"5432"`
	AuthDBUser     string   `envconfig:"AUTH_DB_USER"`
	AuthDBUserFile string   `envconfig:"AUTH_DB_USER_FILE"`
	AuthDBPassword Secret   `envconfig:"AUTH_DB_PASSWORD"`
	AuthDBPassFile string   `envconfig:"AUTH_DB_PASSWORD_FILE"`
	AuthDBName     string   `envconfig:"AUTH_DB_NAME" default:"auth"`
	AuthDBSSLMode  string   `envconfig:"AUTH_DB_SSLMODE" default:"prefer" desc:"as libpq's sslmode"`
	AuthDBConns    number   `envconfig:"AUTH_DB_MAX_CONNECTIONS" default:"10"`
	AuthDBTimeout  duration `envconfig:"AUTH_DB_TIMEOUT" default:"3s" desc:"deadline of a transaction"`

	SessionDBURL      Secret `envconfig:"SESSION_DB_URL" desc:"redis://, rediss://, redis+sentinel:// or redis+cluster:// URL; or give its parts"`
	SessionDBURLFile  string `envconfig:"SESSION_DB_URL_FILE"`
	SessionDBHost     string `envconfig:"SESSION_DB_HOST"`
	SessionDBPort     port   `envconfig:"SESSION_DB_PORT" default:"6379"`
	SessionDBUser     string `envconfig:"SESSION_DB_USER"`
	SessionDBPassword Secret `envconfig:"SESSION_DB_PASSWORD"`
	SessionDBPassFile string `envconfig:"SESSION_DB_PASSWORD_FILE"`
	SessionDBMaster   string `envconfig:"SESSION_DB_SENTINEL_MASTER" desc:"what Sentinel calls the master; SESSION_DB_HOST, with commas, and SESSION_DB_PORT are then the sentinels'"`

	VerifyStrict toggle   `envconfig:"AUTH_API_VERIFY_STRICT" default:"false" desc:"whether every verification reads from Redis, with nothing kept in memory"`
	VerifyCache  number   `envconfig:"AUTH_API_VERIFY_CACHE_MIB" default:"64" desc:"memory for tokens that were verified"`
	VerifyBound  duration `envconfig:"AUTH_API_VERIFY_BOUND" default:"500ms" desc:"how long a revoked token may pass at most when the network breaks"`

	TokenKey     Secret `envconfig:"SESSION_DB_TOKEN_KEY" desc:"keys that hash tokens, id:base64 with commas; the first signs"`
	TokenKeyFile string `envconfig:"SESSION_DB_TOKEN_KEY_FILE"`

	SessionIdle     duration `envconfig:"SESSION_IDLE_LIFETIME" default:"12h" desc:"how long a session lives without use"`
	SessionLifetime duration `envconfig:"SESSION_LIFETIME" default:"720h" desc:"how long a session lives at most"`

	PasswordMemory  number `envconfig:"PASSWORD_MEMORY_KIB" default:"19456" desc:"argon2id memory of a hash"`
	PasswordTime    number `envconfig:"PASSWORD_TIME" default:"2" desc:"argon2id passes"`
	PasswordThreads number `envconfig:"PASSWORD_THREADS" default:"1" desc:"argon2id lanes"`
	PasswordSlots   number `envconfig:"PASSWORD_SLOTS" default:"0" desc:"hashes at once; 0: from processors and memory"`
	PasswordQueue   number `envconfig:"PASSWORD_QUEUE" default:"0" desc:"sign-ins that wait for a slot; 0: 16 for each"`
	Pepper          Secret `envconfig:"PASSWORD_PEPPER" desc:"keys that passwords are hashed with besides their salt, id:base64 with commas"`
	PepperFile      string `envconfig:"PASSWORD_PEPPER_FILE"`
}

// Load reads the environment of the process, which is where envconfig looks,
// and lets the caller adjust it before it is validated. The error is a Faults.
func Load(adjust ...func(*Config)) (Config, error) {
	c, faults, err := read(adjust)
	if err != nil {
		return Config{}, err
	}
	c.validate(&faults)
	return c, faults.orNil()
}

// LoadAuthDB is Load for commands that need Postgres only.
func LoadAuthDB() (Config, error) {
	c, faults, err := read(nil)
	if err != nil {
		return Config{}, err
	}
	c.validateKinds(&faults)
	c.validatePostgres(&faults)
	return c, faults.orNil()
}

func read(adjust []func(*Config)) (c Config, faults Faults, err error) {
	if err := envconfig.Process("", &c); err != nil {
		return Config{}, nil, fmt.Errorf("read the environment: %w", err)
	}
	c.readFiles(&faults)
	for _, change := range adjust {
		change(&c)
	}
	return c, faults, nil
}
