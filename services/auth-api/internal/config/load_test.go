package config_test

import (
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/setting"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/verify/cache"
	"auth.books.test/verify/direct"
)

// unset removes every setting from the environment, since a developer's shell may have some.
func unset(t *testing.T) {
	t.Helper()
	for _, name := range setting.Names(&config.Config{}) {
		t.Setenv(name, "") // so that it is put back
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDefaultsAreThoseThatAreWrittenDown(t *testing.T) {
	set(t, nil)
	c, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, same := range map[string]bool{
		"AUTH_API_ADDR":            c.Addr == "127.0.0.1:8000",
		"AUTH_API_METRICS_ADDR":    c.MetricsAddr == "127.0.0.1:8001",
		"AUTH_API_LOG_LEVEL":       c.LogLevel.Level == slog.LevelInfo,
		"AUTH_API_ISSUER":          c.Issuer.URL == "",
		"AUTH_API_REALM":           c.Realm == "auth.books.test",
		"AUTH_API_CORS_ORIGINS":    c.CORSOrigins.List == nil,
		"AUTH_API_PASSKEY_RP_ID":   c.PasskeyRPID == "",
		"AUTH_API_PASSKEY_ORIGINS": c.PasskeyOrigins.List == nil,
		"AUTH_API_TRUSTED_PROXIES": c.TrustedProxies.List == nil,
		"AUTH_API_PASSWORD_GRANT":  !c.PasswordGrant.On,
		"AUTH_API_DOCS_CLIENT":     c.DocsClient == "",
		"AUTH_API_REGISTRATION":    !c.RegistrationOpen() && c.Registration == "closed",
		"AUTH_API_SMTP_URL":        !c.SendsMail() && c.SMTP() == nil,
		"AUTH_API_MAIL_FROM":       c.MailFrom.String() == "",
		"AUTH_API_MAX_CONNECTIONS": c.MaxConnections.Value == 4096,
		"AUTH_API_LIMIT_SIGN_IN":   c.LimitSignIn == setting.Rate{Attempts: 30, Period: time.Minute}, "AUTH_API_LIMIT_SIGN_IN_OVERALL": c.LimitSignInOverall == setting.Rate{Attempts: 50, Period: time.Second},
		"AUTH_API_LIMIT_ACCOUNT": c.LimitAccount == setting.Rate{Attempts: 10, Period: time.Hour}, "AUTH_API_LIMIT_DEVICE": c.LimitDevice == setting.Rate{Attempts: 10, Period: time.Hour},
		"AUTH_API_LIMIT_SESSION":      c.LimitSession == setting.Rate{Attempts: 10, Period: 5 * time.Minute},
		"AUTH_API_LIMIT_REGISTRATION": c.LimitRegistration == setting.Rate{Attempts: 30, Period: 10 * time.Minute}, "AUTH_API_LIMIT_REGISTRATION_OVERALL": c.LimitRegistrationOverall == setting.Rate{Attempts: 300, Period: time.Minute},
		"AUTH_API_LIMIT_CLIENT": c.LimitClient == setting.Rate{Attempts: 100, Period: time.Minute}, "AUTH_API_LIMIT_CLIENT_OVERALL": c.LimitClientOverall == setting.Rate{Attempts: 1000, Period: time.Minute},
		"AUTH_API_SHUTDOWN_DELAY": c.ShutdownDelay.Duration == 5*time.Second, "AUTH_API_SHUTDOWN_TIMEOUT": c.ShutdownTimeout.Duration == 20*time.Second,
		"AUTH_DB_HOST": c.AuthDBHost == "127.0.0.1", "AUTH_DB_PORT": c.AuthDBPort.Value == 5432, "AUTH_DB_NAME": c.AuthDBName == "auth", "AUTH_DB_SSLMODE": c.AuthDBSSLMode == "prefer",
		"AUTH_DB_MAX_CONNECTIONS": c.AuthDBConns.Value == 10, "AUTH_DB_TIMEOUT": c.AuthDBTimeout.Duration == 3*time.Second,
		"SESSION_DB_PORT":       c.SessionDBPort.Value == 6379,
		"SESSION_IDLE_LIFETIME": c.SessionIdle.Duration == 12*time.Hour, "SESSION_LIFETIME": c.SessionLifetime.Duration == 720*time.Hour,
		"AUTH_API_ACCESS_LIFETIME": c.AccessLifetime.Duration == 15*time.Minute, "AUTH_API_REFRESH_LIFETIME": c.RefreshLifetime.Duration == 720*time.Hour, "AUTH_API_PERSONAL_LIFETIME": c.PersonalLifetime.Duration == 8760*time.Hour,
		"AUTH_API_CLIENT_TOKENS_PER_SECOND": c.ClientTokensPerSecond.Value == 10, "AUTH_API_CLIENT_TOKENS_ALIVE": c.ClientTokensAlive.Value == 1000,
		"PASSWORD_MEMORY_KIB": c.PasswordMemory.Value == 19456, "PASSWORD_TIME": c.PasswordTime.Value == 2, "PASSWORD_THREADS": c.PasswordThreads.Value == 1,
		"PASSWORD_SLOTS": c.PasswordSlots.Value == 0, "PASSWORD_QUEUE": c.PasswordQueue.Value == 0, "PASSWORD_PEPPER": !c.Pepper.IsSet(), "PASSWORD_SERVICE_NAMES": slices.Equal(c.PasswordNames.List, []string{"auth.books.test", "auth-api"}),
	} {
		if !same {
			t.Errorf("%s has another default:\n%s", name, c)
		}
	}
}

// A tag cannot name a constant, so the two are compared here.
func TestDefaultsAreThoseOfThePackagesThatUseThem(t *testing.T) {
	set(t, nil)
	c, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}
	if c.PasswordParams() != password.DefaultParams() {
		t.Errorf("argon2id: %+v, want %+v", c.PasswordParams(), password.DefaultParams())
	}
	if c.VerifyBound.Duration != cache.DefaultBound || c.VerifyCache.Value<<20 != direct.DefaultCacheBytes {
		t.Errorf("verification: %v and %d MiB, want %v and %d bytes", c.VerifyBound, c.VerifyCache.Value, cache.DefaultBound, direct.DefaultCacheBytes)
	}
}

func TestValuesAreTakenFromTheEnvironment(t *testing.T) {
	set(t, map[string]string{
		"AUTH_API_ADDR": ":80", "AUTH_API_LOG_LEVEL": "WARN", "AUTH_API_CORS_ORIGINS": "https://books.test, http://localhost:3000", "AUTH_API_TRUSTED_PROXIES": "10.1.2.3/8,fd00::/8",
		"AUTH_API_PASSWORD_GRANT": "true", "AUTH_DB_PORT": "65535", "SESSION_DB_PORT": "1", "PASSWORD_MEMORY_KIB": "65536", "PASSWORD_TIME": "3", "PASSWORD_THREADS": "4",
	})
	c, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}
	if p := c.PasswordParams(); p.MemoryKiB != 65536 || p.Time != 3 || p.Threads != 4 {
		t.Errorf("%v", p)
	}
	if !slices.Equal(c.CORSOrigins.List, []string{"https://books.test", "http://localhost:3000"}) {
		t.Errorf("%q", c.CORSOrigins.List)
	}
	if !slices.Equal(c.TrustedProxies.List, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}) {
		t.Errorf("%v", c.TrustedProxies.List)
	}
	for _, line := range []string{
		"AUTH_API_ADDR=:80", "AUTH_API_LOG_LEVEL=WARN", "AUTH_API_CORS_ORIGINS=https://books.test,http://localhost:3000", "AUTH_API_TRUSTED_PROXIES=10.0.0.0/8,fd00::/8",
		"AUTH_API_PASSWORD_GRANT=true", "AUTH_DB_PORT=65535", "SESSION_DB_PORT=1",
	} {
		if !strings.Contains("\n"+c.String(), "\n"+line+"\n") {
			t.Errorf("%s is not printed:\n%s", line, c)
		}
	}
}

func TestWildcardsAndNearOriginsAreRefused(t *testing.T) {
	for _, value := range []string{
		"*", "https://*", "https://*.books.test", "http://localhost:*", "null", "books.test", "//books.test", "https://books.test/", "https://books.test/a", "https://books.test?a", "https://books.test#a",
		"https://ada@books.test", "ftp://books.test", "htps://books.test", "capacitor://*", "chrome-extension://", "file://", "https://", "https://books.test,*", "* , https://books.test",
	} {
		t.Run(value, func(t *testing.T) {
			set(t, map[string]string{"AUTH_API_CORS_ORIGINS": value})
			if _, err := config.Load(); err == nil || !strings.HasPrefix(err.Error(), "AUTH_API_CORS_ORIGINS: ") || !strings.Contains(err.Error(), "there is no wildcard") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestEveryKindOfSettingSaysWhatToWrite(t *testing.T) {
	cases := map[string][]string{
		"write a duration such as":  {"AUTH_API_SHUTDOWN_DELAY", "AUTH_API_SHUTDOWN_TIMEOUT", "AUTH_DB_TIMEOUT", "SESSION_IDLE_LIFETIME", "SESSION_LIFETIME", "AUTH_API_VERIFY_BOUND", "AUTH_API_ACCESS_LIFETIME", "AUTH_API_REFRESH_LIFETIME", "AUTH_API_PERSONAL_LIFETIME"},
		"write a whole number":      {"AUTH_API_MAX_CONNECTIONS", "AUTH_DB_MAX_CONNECTIONS", "PASSWORD_MEMORY_KIB", "PASSWORD_TIME", "PASSWORD_THREADS", "PASSWORD_SLOTS", "PASSWORD_QUEUE", "AUTH_API_VERIFY_CACHE_MIB", "AUTH_API_CLIENT_TOKENS_PER_SECOND", "AUTH_API_CLIENT_TOKENS_ALIVE"},
		"a number of attempts and":  {"AUTH_API_LIMIT_SIGN_IN", "AUTH_API_LIMIT_SIGN_IN_OVERALL", "AUTH_API_LIMIT_ACCOUNT", "AUTH_API_LIMIT_DEVICE", "AUTH_API_LIMIT_SESSION", "AUTH_API_LIMIT_REGISTRATION", "AUTH_API_LIMIT_REGISTRATION_OVERALL", "AUTH_API_LIMIT_CLIENT", "AUTH_API_LIMIT_CLIENT_OVERALL"},
		"write a port":              {"AUTH_DB_PORT", "SESSION_DB_PORT"},
		"write true or false":       {"AUTH_API_PASSWORD_GRANT", "AUTH_API_VERIFY_STRICT", "AUTH_API_INSECURE_COOKIES"},
		"write a colour as":         {"AUTH_API_ACCENT"},
		"write an address such as":  {"AUTH_API_MAIL_FROM"},
		"write debug, info":         {"AUTH_API_LOG_LEVEL"},
		"write one of open, closed": {"AUTH_API_REGISTRATION"},
		"write one of disable":      {"AUTH_DB_SSLMODE"},
		"is not an origin":          {"AUTH_API_CORS_ORIGINS", "AUTH_API_PASSKEY_ORIGINS"},
		"Write a URL without a":     {"AUTH_API_ISSUER"},
		"write it as 10.0.0.0/8":    {"AUTH_API_TRUSTED_PROXIES"},
		"write the id of a client":  {"AUTH_API_DOCS_CLIENT"},
	}
	kinds := variables(func(f reflect.StructField) bool {
		return f.IsExported() && f.Type != reflect.TypeFor[setting.Text]() && f.Type != reflect.TypeFor[setting.TextList]() && f.Type != reflect.TypeFor[setting.Realm]() && f.Type != reflect.TypeFor[setting.Address]() && !isSecret(f)
	})
	for says, names := range cases {
		for _, variable := range names {
			for _, value := range []string{"x", "-1", "1.5x", "-1s"} {
				t.Run(variable+"="+value, func(t *testing.T) {
					set(t, map[string]string{variable: value})
					_, err := config.Load()
					if err == nil || !slices.ContainsFunc(strings.Split(err.Error(), "\n"), func(line string) bool {
						return strings.HasPrefix(line, variable+": ") && strings.Contains(line, says)
					}) {
						t.Errorf("%v; want the line %s: … %s", err, variable, says)
					}
				})
			}
			kinds = slices.DeleteFunc(kinds, func(name string) bool { return name == variable })
		}
	}
	if len(kinds) != 0 {
		t.Errorf("not tried: %v", kinds)
	}
}

func TestOutOfRangeIsAFault(t *testing.T) {
	for _, c := range []struct{ variable, value, says string }{
		{"AUTH_DB_PORT", "65536", "write a port"}, {"SESSION_DB_PORT", "0", "write a port"}, {"PASSWORD_SLOTS", "1073741825", "write a whole number"},
		{"PASSWORD_THREADS", "0", "write 1 or more"}, {"PASSWORD_THREADS", "17", "write 16 or less"}, {"PASSWORD_MEMORY_KIB", "262145", "write 262144 or less"}, {"PASSWORD_TIME", "11", "write 10 or less"}, {"AUTH_DB_SSLMODE", "maybe", "verify-full"},
		{"AUTH_API_ACCESS_LIFETIME", "25h", "write at most 24h"}, {"AUTH_API_PERSONAL_LIFETIME", "59m", "write at least 1h"}, {"AUTH_API_REFRESH_LIFETIME", "10m", "lower AUTH_API_ACCESS_LIFETIME"}, {"AUTH_API_CLIENT_TOKENS_PER_SECOND", "0", "write 1 or more"}, {"AUTH_API_CLIENT_TOKENS_ALIVE", "100001", "write 100000 or less"},
		{"SESSION_IDLE_LIFETIME", "721h", "longer than the lifetime"}, {"AUTH_API_VERIFY_BOUND", "1001ms", "write at most 1s"}, {"AUTH_API_VERIFY_BOUND", "19ms", "write at least 20ms"}, {"AUTH_DB_TIMEOUT", "0", "write at least 1ms"}, {"AUTH_DB_TIMEOUT", "999us", "write at least 1ms"}, {"AUTH_DB_TIMEOUT", "25h", "write at most 24h"}, {"AUTH_DB_MAX_CONNECTIONS", "0", "write 1 or more"}, {"SESSION_LIFETIME", "999999h", "write at most"}, {"AUTH_API_SHUTDOWN_TIMEOUT", "2h", "write at most 1h"}, {"AUTH_API_VERIFY_CACHE_MIB", "0", "AUTH_API_VERIFY_STRICT=true"}, {"AUTH_API_TRUSTED_PROXIES", "10.0.0.0/33", "is not a network"},
	} {
		t.Run(c.variable+"="+c.value, func(t *testing.T) {
			set(t, nil)
			t.Setenv(c.variable, c.value)
			if _, err := config.Load(); err == nil || !strings.Contains(err.Error(), c.variable) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %s", err, c.says)
			}
		})
	}
}

// An operator corrects everything in one go: every fault has exactly one line.
func TestEveryFaultOfManyHasItsLine(t *testing.T) {
	want := map[string]string{
		"AUTH_API_ADDR": "8000", "AUTH_API_METRICS_ADDR": "8001", "AUTH_API_LOG_LEVEL": "loud", "AUTH_API_CORS_ORIGINS": "*", "AUTH_API_TRUSTED_PROXIES": "all", "AUTH_API_PASSWORD_GRANT": "perhaps", "AUTH_API_REGISTRATION": "ajar",
		"AUTH_API_MAX_CONNECTIONS": "few", "AUTH_API_SHUTDOWN_DELAY": "5", "AUTH_API_SHUTDOWN_TIMEOUT": "20", "AUTH_DB_USER": "", "AUTH_DB_PORT": "tcp://10.0.0.1:5432", "AUTH_DB_MAX_CONNECTIONS": "ten", "AUTH_DB_TIMEOUT": "3",
		"SESSION_DB_HOST": "", "SESSION_DB_PORT": "tcp://10.0.0.1:6379", "SESSION_DB_TOKEN_KEY": "", "AUTH_API_SERVICE_KEY": "", "SESSION_IDLE_LIFETIME": "12", "SESSION_LIFETIME": "720", "PASSWORD_SLOTS": "few", "PASSWORD_QUEUE": "long", "PASSWORD_PEPPER": "salt",
	}
	set(t, want)
	_, err := config.Load()
	var faults setting.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("got %v", err)
	}
	lines := strings.Split(err.Error(), "\n")
	for i, fault := range faults {
		if _, wanted := want[fault.Variable]; !wanted || fault.Problem == "" || lines[i] != fault.Variable+": "+fault.Problem {
			t.Errorf("not asked for, or twice: %s", lines[i])
		}
		delete(want, fault.Variable)
	}
	if len(want) != 0 || len(lines) != len(faults) {
		t.Errorf("no line for %v:\n%v", want, err)
	}
}

func TestKubernetesServiceVariablesAreExplained(t *testing.T) {
	for _, variable := range []string{"AUTH_DB_PORT", "SESSION_DB_PORT"} {
		set(t, map[string]string{variable: "tcp://10.96.0.7:6379"})
		if _, err := config.Load(); err == nil || !strings.HasPrefix(err.Error(), variable+": ") || !strings.Contains(err.Error(), "enableServiceLinks: false") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", variable, err)
		}
	}
}

// The dev command fills in the stores that it started. They are validated like the rest.
func TestAdjustedSettingsAreValidated(t *testing.T) {
	unset(t)
	c, err := config.Load(func(c *config.Config) {
		c.AuthDBURL, c.SessionDBURL = setting.NewSecret("postgres://auth@127.0.0.1/auth"), setting.NewSecret("redis://127.0.0.1")
	}, func(c *config.Config) {
		c.TokenKey, c.ServiceKey = setting.NewSecret(key), setting.NewSecret(serviceKey)
	})
	if err != nil || c.PostgresURL() != "postgres://auth@127.0.0.1:5432/auth?password=&sslmode=prefer" || c.RedisURL() != "redis://127.0.0.1" {
		t.Errorf("%v:\n%s", err, c)
	}
	if _, err := config.Load(func(c *config.Config) { c.AuthDBURL = setting.NewSecret("postgres://") }); err == nil || !strings.Contains(err.Error(), "AUTH_DB_URL: the user part is empty") {
		t.Errorf("got %v", err)
	}
}

func TestNothingSetNamesWhatIsNeeded(t *testing.T) {
	unset(t)
	_, err := config.Load()
	if err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Fatalf("got %v, want four lines", err)
	}
	for _, variable := range []string{"AUTH_DB_USER", "SESSION_DB_HOST", "SESSION_DB_TOKEN_KEY", "AUTH_API_SERVICE_KEY"} {
		if !strings.Contains("\n"+err.Error(), "\n"+variable+": it is not set") {
			t.Errorf("does not name %s: %v", variable, err)
		}
	}
	if _, err = config.LoadAuthDB(); err == nil || err.Error() != "AUTH_DB_USER: it is not set: set it, or AUTH_DB_URL" {
		t.Errorf("for Postgres only: %v", err)
	}
}
