package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/setting"
	"auth.books.test/services/auth-api/internal/config"
)

const (
	key        = "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	serviceKey = "s1:YWJjZGVmMDEyMzQ1Njc4OTAxMjM0NTY3ODlhYmNkZWY="
)

// set puts the required settings into the environment, with changes; an empty value unsets
// a variable. The tests are not parallel: settings are read from the process's environment.
func set(t *testing.T, changes map[string]string) {
	t.Helper()
	unset(t)
	env := map[string]string{"AUTH_DB_USER": "auth", "AUTH_DB_PASSWORD": "hush", "SESSION_DB_HOST": "session-db", "SESSION_DB_TOKEN_KEY": key, "AUTH_API_SERVICE_KEY": serviceKey}
	for name, value := range changes {
		env[name] = value
	}
	for name, value := range env {
		t.Setenv(name, value)
		if value == "" {
			_ = os.Unsetenv(name)
		}
	}
}

func TestDefaults(t *testing.T) {
	set(t, nil)
	c, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "127.0.0.1:8000" || c.PasswordGrant.On || c.SessionIdle.Duration != 12*time.Hour || c.SessionLifetime.Duration != 720*time.Hour ||
		c.PasswordParams().MemoryKiB != 19456 || len(c.CORSOrigins.List) != 0 {
		t.Errorf("%+v", c)
	}
	if u := c.PostgresURL(); u != "postgres://auth:hush@127.0.0.1:5432/auth?sslmode=prefer" {
		t.Error(u)
	}
	if u := c.RedisURL(); u != "redis://session-db:6379/0" {
		t.Error(u)
	}
}

func TestPartsWithSpecialCharactersMakeAURL(t *testing.T) {
	set(t, map[string]string{"AUTH_DB_PASSWORD": "p@ss/w:rd?#%", "AUTH_DB_HOST": "::1", "SESSION_DB_PASSWORD": "p@ss/w:rd", "SESSION_DB_USER": "verifier"})
	c, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}
	if u := c.PostgresURL(); u != "postgres://auth:p%40ss%2Fw%3Ard%3F%23%25@[::1]:5432/auth?sslmode=prefer" {
		t.Error(u)
	}
	if u := c.RedisURL(); u != "redis://verifier:p%40ss%2Fw%3Ard@session-db:6379/0" {
		t.Error(u)
	}
}

func TestEveryFaultIsALineThatNamesItsVariable(t *testing.T) {
	for _, c := range []struct{ variable, value, says string }{
		{"AUTH_API_ADDR", "8000", "write host:port"},
		{"AUTH_API_METRICS_ADDR", "localhost", "write host:port"},
		{"AUTH_API_LOG_LEVEL", "loud", "write debug, info, warn or error"},
		{"AUTH_API_CORS_ORIGINS", "*", "there is no wildcard"},
		{"AUTH_API_CORS_ORIGINS", "https://*.books.test", "there is no wildcard"},
		{"AUTH_API_CORS_ORIGINS", "https://books.test/", "has a slash behind the host"},
		{"AUTH_API_CORS_ORIGINS", "books.test", "is not an origin"},
		{"AUTH_API_TRUSTED_PROXIES", "10.0.0.1:80", "entry 1 is not a network"},
		{"AUTH_API_PASSWORD_GRANT", "maybe", "write true or false"},
		{"AUTH_API_ISSUER", "https://auth.books.test/", "Write a URL without a path"},
		{"AUTH_API_ISSUER", "auth.books.test", "Write a URL without a path"},
		{"AUTH_API_REALM", `books "test"`, "holds a quotation mark"},
		{"AUTH_API_NAME", strings.Repeat("a", 65), "longer than 64 bytes"},
		{"AUTH_API_NAME", " Books", "write the name alone"},
		{"AUTH_API_ACCENT", "#fff", "write a colour as #rrggbb"},
		{"AUTH_API_REALM", "bücher.test", "write a name such as auth.books.test"},
		{"PASSWORD_SERVICE_NAMES", "books.test,", "entry 2 is empty"},
		{"AUTH_API_SHUTDOWN_DELAY", "5", "write a duration"},
		{"AUTH_API_SHUTDOWN_TIMEOUT", "-1s", "write a duration"},
		{"AUTH_API_MAX_CONNECTIONS", "many", "write a whole number"},
		{"AUTH_API_MAX_CONNECTIONS", "0", "write 16 or more"},
		{"AUTH_API_MAX_CONNECTIONS", "65536", "write 65535 or less"},
		{"AUTH_API_LIMIT_SIGN_IN", "30", "write a number of attempts and a period, such as 30/10m, or off"},
		{"AUTH_API_LIMIT_SIGN_IN", "30/25h", "within 1s and 24h"},
		{"AUTH_API_LIMIT_SIGN_IN", "30/1h", "more than the 60000 that take 16 MB"},
		{"AUTH_API_LIMIT_SIGN_IN_OVERALL", "off", "it cannot be off"},
		{"AUTH_API_LIMIT_SIGN_IN_OVERALL", "10000/1m", "more than the 60000 that take 16 MB"},
		{"AUTH_API_LIMIT_REGISTRATION", "0/10m", "To have no limit, write off"},
		{"AUTH_API_REGISTRATION", "Open", "write one of open, closed"},
		{"AUTH_API_REGISTRATION", "true", "write one of open, closed"},
		{"AUTH_DB_USER", "", "or AUTH_DB_URL"},
		{"AUTH_DB_URL", "mysql://x", "write postgres://"},
		{"AUTH_DB_URL", "postgres://auth:hu sh@host:notaport/x", "write a blank in the password as %20"},
		{"AUTH_DB_PORT", "tcp://10.0.0.1:5432", "enableServiceLinks"},
		{"AUTH_DB_PORT", "0", "write a port"},
		{"AUTH_DB_MAX_CONNECTIONS", "many", "write a whole number"},
		{"AUTH_DB_TIMEOUT", "x", "write a duration"},
		{"SESSION_DB_HOST", "", "or SESSION_DB_URL"},
		{"SESSION_DB_URL", "http://x", "Example: redis://"},
		{"SESSION_DB_PORT", "tcp://10.0.0.1:6379", "enableServiceLinks"},
		{"SESSION_DB_TOKEN_KEY", "", "openssl rand -base64 32"},
		{"SESSION_DB_TOKEN_KEY", "k1:c2hvcnQ=", "at least 32"},
		{"AUTH_API_SERVICE_KEY", "", "s1:$(openssl rand -base64 32)"},
		{"AUTH_API_SERVICE_KEY", "s1:c2hvcnQ=", "at least 32"},
		{"AUTH_API_SERVICE_KEY", serviceKey + ":keyed", "leave it out"},
		{"AUTH_API_SERVICE_KEY", "s1" + key[2:], "which every API that verifies tokens has"},
		{"AUTH_API_SIGNING_KEY", key, "PKCS #8"},
		{"AUTH_API_SIGNING_KEY", "none", "id:key"},
		{"SESSION_IDLE_LIFETIME", "1s", "write at least 10s"},
		{"SESSION_LIFETIME", "1h", "longer than the lifetime"},
		{"PASSWORD_MEMORY_KIB", "1024", "write 19456 or more"},
		{"PASSWORD_TIME", "1", "write 2 or more"},
		{"PASSWORD_PEPPER", "p1", "id:secret"},
		{"AUTH_DB_PASSWORD_FILE", "/does/not/exist", "cannot be read"},
	} {
		t.Run(c.variable+"="+c.value, func(t *testing.T) {
			changes := map[string]string{c.variable: c.value}
			if c.variable == "AUTH_DB_PASSWORD_FILE" {
				changes["AUTH_DB_PASSWORD"] = ""
			}
			set(t, changes)
			_, err := config.Load()
			var faults setting.Faults
			if !errors.As(err, &faults) || len(faults) != 1 || !strings.Contains(faults[0].Variable, c.variable) || !strings.Contains(faults[0].Problem, c.says) {
				t.Errorf("got %v, want one line: %s … %s", err, c.variable, c.says)
			}
			if err != nil && (strings.Contains(err.Error(), "hu sh") || strings.Contains(err.Error(), "\n")) {
				t.Errorf("a secret, or more than a line: %v", err)
			}
		})
	}
}

func TestMasterIsAskedOfTheSentinels(t *testing.T) {
	for _, c := range []struct{ host, user, password, want string }{
		{"session-db-sentinel", "", "", "redis+sentinel://session-db-sentinel:26379/session-db"},
		{"s-0.session-db,s-1.session-db", "verifier", "p@ss/w:rd", "redis+sentinel://verifier:p%40ss%2Fw%3Ard@s-0.session-db:26379,s-1.session-db:26379/session-db"},
		{"10.0.0.1, 10.0.0.2", "default", "", "redis+sentinel://10.0.0.1:26379,10.0.0.2:26379/session-db"},
		{"::1,10.0.0.2", "default", "pw", "redis+sentinel://:pw@[::1]:26379,10.0.0.2:26379/session-db"},
	} {
		set(t, map[string]string{
			"SESSION_DB_HOST": c.host, "SESSION_DB_PORT": "26379", "SESSION_DB_SENTINEL_MASTER": "session-db",
			"SESSION_DB_USER": c.user, "SESSION_DB_PASSWORD": c.password,
		})
		got, err := config.Load()
		if err != nil || got.RedisURL() != c.want {
			t.Errorf("%s: %v, %s", c.host, err, got.RedisURL())
		}
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	set(t, map[string]string{"AUTH_API_ADDR": "x", "AUTH_DB_TIMEOUT": "x", "SESSION_DB_TOKEN_KEY": "x", "AUTH_API_SERVICE_KEY": "x", "PASSWORD_PEPPER": "x"})
	_, err := config.Load()
	if err == nil || strings.Count(err.Error(), "\n") != 4 {
		t.Errorf("want five lines: %v", err)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	variables := map[string]string{
		"AUTH_DB_USER": "someone", "AUTH_DB_PASSWORD": "from a file", "SESSION_DB_PASSWORD": "from a file", "SESSION_DB_TOKEN_KEY": key, "AUTH_API_SERVICE_KEY": serviceKey,
		"PASSWORD_PEPPER": "p1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "AUTH_DB_URL": "postgres://f:f@host:5432/auth?sslmode=prefer", "SESSION_DB_URL": "redis://file:1/0",
	}
	for variable, value := range variables {
		t.Run(variable, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "secret")
			write := func(text string) {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(value + "\n")
			set(t, map[string]string{variable: "", variable + "_FILE": file})
			c, err := config.Load()
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(c.PostgresURL(), c.RedisURL(), c.TokenKey.Reveal(), c.ServiceKey.Reveal(), c.Pepper.Reveal(), c.AuthDBPassword.Reveal(), c.SessionDBPassword.Reveal(), c.AuthDBUser, " ")
			if !strings.Contains(got, value) {
				t.Errorf("not taken from the file: %s", got)
			}
			write("")
			if _, err := config.Load(); err == nil || !strings.Contains(err.Error(), variable+"_FILE: the file that it names is empty") {
				t.Errorf("an empty file: %v", err)
			}
			write(value)
			set(t, map[string]string{variable: value, variable + "_FILE": file})
			if _, err := config.Load(); err == nil || !strings.Contains(err.Error(), "set one of them") {
				t.Errorf("both: %v", err)
			}
		})
	}
}

func TestPrintsNoSecret(t *testing.T) {
	const hush = "aHVzaGh1c2hodXNoaHVzaGh1c2hodXNoaHVzaGh1c2g="
	set(t, map[string]string{
		"AUTH_DB_URL": "postgres://auth:" + hush[:20] + "@host/auth", "AUTH_DB_PASSWORD": hush, "SESSION_DB_URL": "redis://:" + hush[:20] + "@host", "SESSION_DB_PASSWORD": hush,
		"SESSION_DB_TOKEN_KEY": "k1:" + hush, "AUTH_API_SERVICE_KEY": "s1:" + hush[:40] + "aHVzaA==", "PASSWORD_PEPPER": "p1:" + hush,
	})
	c, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, printed := range []string{c.String(), fmt.Sprintf("%v %+v %#v", c, c, c)} {
		if strings.Contains(printed, hush[:20]) {
			t.Errorf("prints a secret: %s", printed)
		}
	}
	if got := strings.Count(c.String(), "********"); got != 7 {
		t.Errorf("%d masked, want 7:\n%s", got, c)
	}
}

func TestSchemaCommandsNeedPostgresOnly(t *testing.T) {
	set(t, map[string]string{"SESSION_DB_HOST": "", "SESSION_DB_TOKEN_KEY": "", "AUTH_API_SERVICE_KEY": ""})
	if _, err := config.LoadAuthDB(); err != nil {
		t.Error(err)
	}
	set(t, map[string]string{"AUTH_DB_USER": ""})
	if _, err := config.LoadAuthDB(); err == nil {
		t.Error("loaded without a user")
	}
}
