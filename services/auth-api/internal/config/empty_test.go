package config_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"auth.books.test/internal/setting"
	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/password"
)

// The same rule holds for settings of every kind: an empty value usually comes from a
// command or a reference that failed.
func TestEmptyVariableIsAFault(t *testing.T) {
	for _, name := range setting.Names(&config.Config{}) {
		for _, empty := range []string{"", " ", "\t", "\n"} {
			t.Run(name+"="+empty, func(t *testing.T) {
				set(t, nil)
				t.Setenv(name, empty)
				_, err := config.Load()
				if err == nil || !strings.HasPrefix(err.Error(), name+": it is set but empty: unset it, or ") || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want one line", err)
				}
			})
		}
	}
}

func TestMisspeltNamesAreFaults(t *testing.T) {
	for slip, meant := range map[string]string{
		"AUTH_API_ADR": "AUTH_API_ADDR", "AUTH_API_VERIFY_STRIKT": "AUTH_API_VERIFY_STRICT", "AUTH_API_TRUSTED_PROXY": "", "AUTH_API_CORS_ORIGIN": "AUTH_API_CORS_ORIGINS",
		"SESSION_DB_TOKEN_KEYS": "SESSION_DB_TOKEN_KEY", "AUTH_API_SERVICE_KEYS": "AUTH_API_SERVICE_KEY", "auth_db_url": "AUTH_DB_URL", "PASSWORD_PEPPER_FIL": "PASSWORD_PEPPER_FILE", "SESSION_LIFETIMES": "SESSION_LIFETIME",
		// Names of other programs, and variables that Kubernetes and Docker set for Services.
		"PASSWORD_FILE": "", "PASSWORD_STORE_DIR": "", "SESSION_MANAGER": "", "AUTH_API_URL": "", "AUTH_API_PORT": "", "AUTH_API_SERVICE_HOST": "", "AUTH_DB_PORT_5432_TCP": "",
		"AUTH_DB_PORT_5432_TCP_ADDR": "", "SESSION_DB_SERVICE_PORT_REDIS": "", "AUTH_DB_ENV_PGDATA": "", "HOME_DB_URL": "",
	} {
		t.Run(slip, func(t *testing.T) {
			set(t, nil)
			t.Setenv(slip, "x")
			_, err := config.Load()
			if meant == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if meant != "" && (err == nil || err.Error() != slip+": there is no such setting: is "+meant+" meant? Write it so, or unset this one") {
				t.Errorf("got %v, want %s", err, meant)
			}
		})
	}
}

func TestUnknownVariablesWithOurPrefixesAreNamed(t *testing.T) {
	set(t, nil)
	for _, name := range []string{"AUTH_API_TLS_CERTIFICATE", "AUTH_DB_SCHEMA_NAME", "AUTH_API_PORT_8000_TCP_PROTO", "AUTH_API_SERVICE_HOST", "SESSION_NAME", "PASSWORD_STORE_DIR"} {
		t.Setenv(name, "x")
	}
	if got := strings.Join(config.Unknown(), " "); got != "AUTH_API_TLS_CERTIFICATE AUTH_DB_SCHEMA_NAME" {
		t.Errorf("got %s", got)
	}
}

func TestConflictingSettingsAreFaults(t *testing.T) {
	for _, c := range []struct {
		settings map[string]string
		says     string
	}{
		{map[string]string{"SESSION_IDLE_LIFETIME": "2h", "SESSION_LIFETIME": "1h"}, "SESSION_IDLE_LIFETIME, SESSION_LIFETIME: "},
		{map[string]string{"AUTH_API_VERIFY_CACHE_MIB": "0"}, "AUTH_API_VERIFY_CACHE_MIB: "},
		{map[string]string{"AUTH_API_VERIFY_CACHE_MIB": "0", "AUTH_API_VERIFY_STRICT": "true"}, ""},
		{map[string]string{"AUTH_API_ADDR": ":8000", "AUTH_API_METRICS_ADDR": "127.0.0.1:8000"}, "AUTH_API_ADDR, AUTH_API_METRICS_ADDR: "},
		{map[string]string{"AUTH_API_ADDR": "127.0.0.1:8000", "AUTH_API_METRICS_ADDR": "127.0.0.1:8000"}, "AUTH_API_ADDR, AUTH_API_METRICS_ADDR: "},
		{map[string]string{"AUTH_API_ADDR": "127.0.0.1:8000", "AUTH_API_METRICS_ADDR": "127.0.0.2:8000"}, ""},
		{map[string]string{"AUTH_API_ADDR": ":0", "AUTH_API_METRICS_ADDR": ":0"}, ""},
		{map[string]string{"AUTH_API_ISSUER": "http://auth.books.test", "AUTH_API_CORS_ORIGINS": "http://a.test,https://b.test"}, "AUTH_API_ISSUER, AUTH_API_CORS_ORIGINS: "},
		{map[string]string{"AUTH_API_ISSUER": "http://localhost:8000", "AUTH_API_CORS_ORIGINS": "https://b.test"}, ""},
		{map[string]string{"AUTH_API_ISSUER": "http://127.0.0.1:8000", "AUTH_API_CORS_ORIGINS": "https://b.test"}, ""},
		{map[string]string{"SESSION_DB_USER": "verifier"}, "SESSION_DB_USER: it is set, and SESSION_DB_PASSWORD is not"},
		{map[string]string{"SESSION_DB_USER": "default"}, ""},
		{map[string]string{"SESSION_DB_HOST": "a,b"}, "SESSION_DB_HOST: there are several hosts"},
		// The parts are ignored if there is a URL.
		{map[string]string{"AUTH_DB_URL": "postgres://a@b", "AUTH_DB_PORT": "tcp://10.0.0.1:5432", "SESSION_DB_URL": "redis://a", "SESSION_DB_PORT": "tcp://10.0.0.1:6379"}, ""},
	} {
		set(t, c.settings)
		_, err := config.Load()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.HasPrefix(err.Error(), c.says) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%v: %v, want %q", c.settings, err, c.says)
		}
	}
}

// Package config has the bounds beside the defaults; package password has its own.
func TestBoundsOfHashingAreThoseOfThePackage(t *testing.T) {
	set(t, nil)
	c, err := config.Load()
	if err != nil || c.PasswordParams() != password.DefaultParams() {
		t.Errorf("%v, %v", c.PasswordParams(), err)
	}
	set(t, map[string]string{"PASSWORD_MEMORY_KIB": "262144", "PASSWORD_TIME": "10", "PASSWORD_THREADS": "16"})
	if c, err = config.Load(); err != nil {
		t.Fatal(err)
	}
	if _, err := password.NewHasher(c.PasswordParams(), password.Peppers{}, rand.Reader, nil); err != nil {
		t.Errorf("the largest values are refused later: %v", err)
	}
}
