package servicetest

import (
	"os"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
)

// Keys that auth-api and the services beside it are given.
const (
	TokenKey   = "t1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	ServiceKey = "s1:YWJjZGVmMDEyMzQ1Njc4OTAxMjM0NTY3ODlhYmNkZWY="
)

// Settings are the environment of a program, without that of the tests.
type Settings map[string]string

// race ends a program at its first race. By itself the race detector keeps each program
// for a second when it exits, lest something that goes on meanwhile is missed; a
// hundred programs would take minutes longer.
const race = "GORACE=halt_on_error=1 atexit_sleep_ms=50"

// List is the environment as processes are given it.
func (s Settings) List() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), race}
	for name, value := range s {
		env = append(env, name+"="+value)
	}
	return env
}

// AuthAPISettings are those of auth-api on stores of the test's own.
func AuthAPISettings(t testing.TB) Settings {
	t.Helper()
	return AuthAPIOn(schematest.Database(t), devtest.Redis(t))
}

// AuthAPIOn are the settings of auth-api on the stores of two URLs. It hashes more
// passwords at once than it would by itself: on a busy machine a sign-in might wait for
// a slot for too long. All requests of a test come from one address, so that its limits are
// wide.
func AuthAPIOn(authDB, sessionDB string) Settings {
	return Settings{
		"AUTH_DB_URL": authDB, "SESSION_DB_URL": sessionDB, "SESSION_DB_TOKEN_KEY": TokenKey, "AUTH_API_SERVICE_KEY": ServiceKey,
		"AUTH_API_ADDR": "127.0.0.1:0", "AUTH_API_METRICS_ADDR": "127.0.0.1:0", "AUTH_API_SHUTDOWN_DELAY": "0s",
		"PASSWORD_SLOTS": "8", "PASSWORD_QUEUE": "200",
		"AUTH_API_LIMIT_SIGN_IN": "100000/1m", "AUTH_API_LIMIT_SIGN_IN_OVERALL": "3000/1m", "AUTH_API_LIMIT_ACCOUNT": "100000/1m", "AUTH_API_LIMIT_DEVICE": "100000/1m", "AUTH_API_LIMIT_REGISTRATION": "100000/1m", "AUTH_API_LIMIT_REGISTRATION_OVERALL": "2000/1m", "AUTH_API_LIMIT_CLIENT": "100000/1m",
	}
}
