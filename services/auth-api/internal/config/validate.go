package config

import (
	"fmt"
	"net"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/verify"
	"auth.books.test/verify/cache"
	"auth.books.test/verify/token"
)

func (c *Config) validate(faults *Faults) {
	c.validateKinds(faults)
	for variable, addr := range map[string]string{"AUTH_API_ADDR": c.Addr, "AUTH_API_METRICS_ADDR": c.MetricsAddr} {
		if _, port, err := net.SplitHostPort(addr); err != nil || port == "" {
			faults.add(variable, "write host:port, such as 127.0.0.1:8000 or :8000")
		}
	}
	if c.MaxConnections.wrong() == "" && (c.MaxConnections.Value < minConnections || c.MaxConnections.Value > maxConnections) {
		faults.add("AUTH_API_MAX_CONNECTIONS", "choose a number from %d to %d", minConnections, maxConnections)
	}
	c.validatePostgres(faults)
	c.validateRedis(faults)
	c.validateVerify(faults)
	if !c.TokenKey.IsSet() {
		faults.add("SESSION_DB_TOKEN_KEY", "it is needed: write k1:$(openssl rand -base64 32)")
	} else if _, err := token.ParseKeyRing(c.TokenKey.Reveal()); err != nil {
		faults.add("SESSION_DB_TOKEN_KEY", "%v", err)
	}
	if _, err := password.ParsePeppers(c.Pepper.Reveal()); err != nil {
		faults.add("PASSWORD_PEPPER", "%v", err)
	}
	if least := password.DefaultParams(); c.PasswordMemory.Value < int(least.MemoryKiB) || c.PasswordTime.Value < int(least.Time) || c.PasswordThreads.Value < int(least.Threads) || c.PasswordThreads.Value > 16 {
		faults.add("PASSWORD_MEMORY_KIB, PASSWORD_TIME, PASSWORD_THREADS", "they may only be raised above %v", least)
	}
	if c.SessionIdle.wrong()+c.SessionLifetime.wrong() == "" && (c.SessionIdle.Duration < minIdle || c.SessionLifetime.Duration < c.SessionIdle.Duration) {
		faults.add("SESSION_IDLE_LIFETIME, SESSION_LIFETIME", "the idle lifetime is at least %v and at most the lifetime", minIdle)
	}
}

// Fewer connections than minConnections would not do for probes and one proxy; more
// than maxConnections no address of a proxy can open.
const (
	minConnections = 16
	maxConnections = 65535
)

// minIdle leaves time for a use to be written down.
const minIdle = 10 * time.Second

// validateKinds collects what the kinds of settings found wrong.
func (c *Config) validateKinds(faults *Faults) {
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		if kind, ok := v.Field(i).Interface().(interface{ wrong() string }); ok && kind.wrong() != "" {
			faults.add(v.Type().Field(i).Tag.Get("envconfig"), "%s", kind.wrong())
		}
	}
}

func (c *Config) validatePostgres(faults *Faults) {
	if c.AuthDBURL.IsSet() {
		if !strings.HasPrefix(c.AuthDBURL.Reveal(), "postgres") {
			faults.add("AUTH_DB_URL", "write postgres://user:password@host:5432/auth")
			return
		}
	} else if c.AuthDBUser == "" {
		faults.add("AUTH_DB_USER", "it is needed, or AUTH_DB_URL")
		return
	}
	if c.AuthDBPort.wrong() != "" {
		return
	}
	if _, err := pgxpool.ParseConfig(c.PostgresURL()); err != nil {
		// pgx's own error masks the password, but not one that it could not find.
		faults.add("AUTH_DB_URL", "it, or its parts, cannot be read: write postgres://user:password@host:5432/auth with special characters as %%XX")
	}
}

func (c *Config) validateRedis(faults *Faults) {
	if !c.SessionDBURL.IsSet() && c.SessionDBHost == "" {
		faults.add("SESSION_DB_HOST", "it is needed, or SESSION_DB_URL")
		return
	}
	if err := verify.CheckURL(c.RedisURL()); err != nil {
		faults.add("SESSION_DB_URL", "%v", err)
	}
}

func (c *Config) validateVerify(faults *Faults) {
	if c.VerifyBound.wrong() == "" && (c.VerifyBound.Duration < cache.MinBound || c.VerifyBound.Duration > cache.MaxBound) {
		faults.add("AUTH_API_VERIFY_BOUND", "choose one from %v to %v", cache.MinBound, cache.MaxBound)
	}
	if c.VerifyCache.wrong() == "" && c.VerifyCache.Value == 0 {
		faults.add("AUTH_API_VERIFY_CACHE_MIB", "choose 1 or more, or AUTH_API_VERIFY_STRICT=true for none")
	}
}

// PostgresURL is AUTH_DB_URL, or what its parts say.
func (c *Config) PostgresURL() string {
	if c.AuthDBURL.IsSet() {
		return c.AuthDBURL.Reveal()
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(c.AuthDBUser, c.AuthDBPassword.Reveal()),
		Host: net.JoinHostPort(c.AuthDBHost, c.AuthDBPort.String()), Path: "/" + c.AuthDBName}
	u.RawQuery = url.Values{"sslmode": {c.AuthDBSSLMode}}.Encode()
	return u.String()
}

// RedisURL is SESSION_DB_URL, or what its parts say.
func (c *Config) RedisURL() string {
	if c.SessionDBURL.IsSet() {
		return c.SessionDBURL.Reveal()
	}
	u := url.URL{Scheme: "redis", Host: net.JoinHostPort(c.SessionDBHost, c.SessionDBPort.String()), Path: "/0"}
	if c.SessionDBMaster != "" {
		var sentinels []string
		for _, host := range split(c.SessionDBHost) {
			sentinels = append(sentinels, net.JoinHostPort(host, c.SessionDBPort.String()))
		}
		u.Scheme, u.Host, u.Path = "redis+sentinel", strings.Join(sentinels, ","), "/"+c.SessionDBMaster
	}
	if c.SessionDBPassword.IsSet() {
		u.User = url.UserPassword(c.SessionDBUser, c.SessionDBPassword.Reveal())
	}
	return u.String()
}

// PasswordParams are the costs of argon2id.
func (c *Config) PasswordParams() password.Params {
	return password.Params{MemoryKiB: uint32(c.PasswordMemory.Value), Time: uint32(c.PasswordTime.Value), Threads: uint8(c.PasswordThreads.Value)}
}

// String prints every setting as NAME=value, with secrets masked.
func (c Config) String() string {
	var out strings.Builder
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("envconfig")
		if strings.HasSuffix(name, "_FILE") {
			continue
		}
		fmt.Fprintf(&out, "%s=%v\n", name, v.Field(i).Interface())
	}
	return out.String()
}
