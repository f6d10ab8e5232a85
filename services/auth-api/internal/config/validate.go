package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"auth.books.test/internal/setting"
	"auth.books.test/services/auth-api/internal/idtoken"
	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/servicekey"
	"auth.books.test/verify/token"
)

func (c *Config) validate(faults *setting.Faults) {
	c.validatePostgres(faults)
	c.validateRedis(faults)
	c.validateKeys(faults)
	c.validateMail(faults)
	c.validateTogether(faults)
}

func (c *Config) validateRedis(faults *setting.Faults) {
	if !c.SessionDBURL.IsSet() && c.SessionDBHost == "" && !faults.Has("SESSION_DB_URL", "SESSION_DB_HOST") {
		faults.Add("SESSION_DB_HOST", "it is not set: set it, or SESSION_DB_URL")
	}
	c.redis().Check(faults)
}

func (c *Config) validateKeys(faults *setting.Faults) {
	c.validateTokenKey(faults)
	c.validateServiceKey(faults)
	c.validateSigningKey(faults)
	var err error
	if c.parsed.peppers, err = password.ParsePeppers(c.Pepper.Reveal()); err != nil {
		faults.Add("PASSWORD_PEPPER", "%v", err)
	}
}

func (c *Config) validateTokenKey(faults *setting.Faults) {
	var err error
	switch c.parsed.tokenRing, err = token.ParseKeyRing(c.TokenKey.Reveal()); {
	case faults.Has("SESSION_DB_TOKEN_KEY"):
	case !c.TokenKey.IsSet():
		faults.Add("SESSION_DB_TOKEN_KEY", "it is not set: write k1:$(openssl rand -base64 32)")
	case err != nil:
		faults.Add("SESSION_DB_TOKEN_KEY", "%v", err)
	}
}

func (c *Config) validateServiceKey(faults *setting.Faults) {
	const name = "AUTH_API_SERVICE_KEY"
	ring, err := servicekey.Parse(c.ServiceKey.Reveal())
	switch {
	case faults.Has(name):
	case !c.ServiceKey.IsSet():
		faults.Add(name, "it is not set: write s1:$(openssl rand -base64 32)")
	case err != nil:
		faults.Add(name, "%v", err)
	default:
		c.parsed.serviceRing = ring
		if id, shares := ring.SharesSecretWith(c.TokenKey.Reveal()); shares {
			faults.Add(name, "key %s has the same secret as a key in SESSION_DB_TOKEN_KEY, which every API that verifies tokens has: write another one, s1:$(openssl rand -base64 32)", id)
		}
	}
}

// validateSigningKey allows that there is none: then there is OAuth without OpenID Connect.
func (c *Config) validateSigningKey(faults *setting.Faults) {
	const name = "AUTH_API_SIGNING_KEY"
	if !c.SigningKey.IsSet() || faults.Has(name) {
		return
	}
	var err error
	if c.parsed.signingKeys, err = idtoken.ParseKeys(c.SigningKey.Reveal()); err != nil {
		faults.Add(name, "%v", err)
	}
}

// validateTogether checks combinations of settings.
func (c *Config) validateTogether(faults *setting.Faults) {
	if c.SessionLifetime.Duration < c.SessionIdle.Duration && !faults.Has("SESSION_IDLE_LIFETIME", "SESSION_LIFETIME") {
		faults.Add("SESSION_IDLE_LIFETIME, SESSION_LIFETIME", "the idle lifetime is longer than the lifetime: lower SESSION_IDLE_LIFETIME or raise SESSION_LIFETIME")
	}
	if c.RefreshLifetime.Duration < c.AccessLifetime.Duration && !faults.Has("AUTH_API_ACCESS_LIFETIME", "AUTH_API_REFRESH_LIFETIME") {
		faults.Add("AUTH_API_ACCESS_LIFETIME, AUTH_API_REFRESH_LIFETIME", "an app could refresh for less long than its first access token lives: lower AUTH_API_ACCESS_LIFETIME or raise AUTH_API_REFRESH_LIFETIME")
	}
	if c.VerifyCache.Value == 0 && !c.VerifyStrict.On && !faults.Has("AUTH_API_VERIFY_CACHE_MIB", "AUTH_API_VERIFY_STRICT") {
		faults.Add("AUTH_API_VERIFY_CACHE_MIB", "0 is not allowed: write 1 or more, or set AUTH_API_VERIFY_STRICT=true to verify without a cache")
	}
	if c.Addr.Overlaps(c.MetricsAddr) {
		faults.Add("AUTH_API_ADDR, AUTH_API_METRICS_ADDR", "both use the same port: change one of them")
	}
	c.validateLimits(faults)
	c.validatePages(faults)
	c.validatePasskeys(faults)
	isSecure := func(origin string) bool { return strings.HasPrefix(origin, "https://") }
	if c.Issuer.URL != "" && !isSecure(c.Issuer.URL) && !isLoopback(c.Issuer.URL) && slices.ContainsFunc(c.CORSOrigins.List, isSecure) {
		faults.Add("AUTH_API_ISSUER, AUTH_API_CORS_ORIGINS", "the issuer is http:// and an origin is https://: browsers do not let pages of that origin call it. Write the issuer with https://")
	}
}

// isLoopback says whether an origin is on this machine. Browsers trust such origins without
// TLS.
func isLoopback(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || strings.HasSuffix(u.Hostname(), ".localhost") || err == nil && address.IsLoopback()
}

// RedisURL is SESSION_DB_URL, or made from its parts.
func (c *Config) RedisURL() string { return c.redis().Address() }

func (c *Config) redis() setting.Redis {
	return setting.Redis{URL: c.SessionDBURL, Host: c.SessionDBHost, Port: c.SessionDBPort, User: c.SessionDBUser, Password: c.SessionDBPassword, Master: c.SessionDBMaster}
}

// PasswordParams are the costs of argon2id.
func (c *Config) PasswordParams() password.Params {
	return password.Params{MemoryKiB: uint32(c.PasswordMemory.Value), Time: uint32(c.PasswordTime.Value), Threads: uint8(c.PasswordThreads.Value)}
}
