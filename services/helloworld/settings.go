package main

import (
	"os"

	"auth.books.test/internal/setting"
	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/token"
)

// settings are all settings. A secret can also be read from a file, whose name is in the
// variable with the suffix _FILE.
type settings struct {
	Addr            setting.Address  `envconfig:"HELLOWORLD_ADDR" default:"127.0.0.1:8080"`
	ShutdownDelay   setting.Duration `envconfig:"HELLOWORLD_SHUTDOWN_DELAY" default:"5s" max:"1h"`
	ShutdownTimeout setting.Duration `envconfig:"HELLOWORLD_SHUTDOWN_TIMEOUT" default:"20s" max:"1h"`

	// PublicURL and Issuer tell clients where this API is, and where they get tokens for it.
	PublicURL setting.BaseURL `envconfig:"HELLOWORLD_URL"`
	Issuer    setting.Origin  `envconfig:"AUTH_API_ISSUER"`

	AuthAPI      setting.BaseURL `envconfig:"AUTH_API_URL"`
	ClientID     setting.Text    `envconfig:"AUTH_API_CLIENT_ID"`
	ClientSecret setting.Secret  `envconfig:"AUTH_API_CLIENT_SECRET"`

	URL      setting.Secret `envconfig:"SESSION_DB_URL"`
	Host     setting.Text   `envconfig:"SESSION_DB_HOST"`
	Port     setting.Port   `envconfig:"SESSION_DB_PORT" default:"6379"`
	User     setting.Text   `envconfig:"SESSION_DB_USER"`
	Password setting.Secret `envconfig:"SESSION_DB_PASSWORD"`
	// Master is the master's name in Sentinel. With it, Host (separated by commas) and Port
	// are those of the sentinels.
	Master   setting.Text   `envconfig:"SESSION_DB_SENTINEL_MASTER"`
	TokenKey setting.Secret `envconfig:"SESSION_DB_TOKEN_KEY"`

	ring *token.KeyRing
}

// load reads the environment. Its error has a line for each fault, and no secrets.
func load() (s settings, err error) {
	faults := setting.Read(&s)
	_, slips := unknown()
	faults = append(faults, slips...)
	if (s.PublicURL == "") != (s.Issuer.URL == "") && !faults.Has("HELLOWORLD_URL", "AUTH_API_ISSUER") {
		faults.Add("HELLOWORLD_URL, AUTH_API_ISSUER", "one is set and the other is not: both together tell clients where to get a token (RFC 9728)")
	}
	if s.AuthAPI != "" || faults.Has("AUTH_API_URL") {
		s.checkRemote(&faults)
		return s, faults.OrNil()
	}
	if !s.URL.IsSet() && s.Host == "" && !faults.Has("SESSION_DB_URL", "SESSION_DB_HOST") {
		faults.Add("SESSION_DB_HOST", "it is needed, or SESSION_DB_URL, or AUTH_API_URL")
	}
	s.redis().Check(&faults)
	s.ring, err = token.ParseKeyRing(s.TokenKey.Reveal())
	switch {
	case faults.Has("SESSION_DB_TOKEN_KEY"):
	case !s.TokenKey.IsSet():
		faults.Add("SESSION_DB_TOKEN_KEY", "it is needed: the key ring of auth-api")
	case err != nil:
		faults.Add("SESSION_DB_TOKEN_KEY", "%v", err)
	}
	return s, faults.OrNil()
}

func (s settings) checkRemote(faults *setting.Faults) {
	if s.URL.IsSet() || s.Host != "" {
		faults.Add("AUTH_API_URL", "it is set, and so is SESSION_DB_URL or SESSION_DB_HOST: set one of them")
	}
	const where = "it is needed with AUTH_API_URL: `auth-api client create` prints it"
	if s.ClientID == "" && !faults.Has("AUTH_API_CLIENT_ID") {
		faults.Add("AUTH_API_CLIENT_ID", where)
	}
	if !s.ClientSecret.IsSet() && !faults.Has("AUTH_API_CLIENT_SECRET") {
		faults.Add("AUTH_API_CLIENT_SECRET", where)
	}
}

func (s settings) redis() setting.Redis {
	return setting.Redis{URL: s.URL, Host: s.Host, Port: s.Port, User: s.User, Password: s.Password, Master: s.Master}
}

// redisURL is SESSION_DB_URL, or the URL of SESSION_DB_HOST and the other parts.
func (s settings) redisURL() string { return s.redis().Address() }

// remote are the options of verify.Remote, for when AUTH_API_URL is set.
func (s settings) remote() verify.RemoteOptions {
	return verify.RemoteOptions{URL: string(s.AuthAPI), ClientID: string(s.ClientID), ClientSecret: s.ClientSecret.Reveal()}
}

// others lists variables that begin like settings of helloworld but are none.
func others() []string {
	names, _ := unknown()
	return names
}

func unknown() ([]string, setting.Faults) {
	return setting.Unknown(setting.Names(&settings{}), os.Environ(), "HELLOWORLD_")
}

// resource is what clients are told of this API; nil if it does not know its URL.
func (s settings) resource() *bearer.Resource {
	if s.PublicURL == "" {
		return nil
	}
	return &bearer.Resource{URL: string(s.PublicURL), AuthorizationServers: []string{s.Issuer.URL}, Scopes: []string{scope}, Name: "Hello, world"}
}

// String prints each setting as NAME=value, with secrets masked.
func (s settings) String() string { return setting.Print(&s) }
