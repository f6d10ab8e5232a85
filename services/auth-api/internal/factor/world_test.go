package factor_test

import (
	"encoding/base32"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/factor"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const (
	ada      = "ada@books.test"
	grace    = "grace@books.test"
	password = "violet teapot marches north"
)

type world struct {
	*authtest.World
	*factor.Service
	t *testing.T
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := authtest.New(t)
	return &world{w, w.Factors, t}
}

// begin makes a secret for an account.
func (w *world) begin(account uuid.UUID, email string) string {
	w.t.Helper()
	e, err := w.Begin(w.t.Context(), account, email)
	if err != nil {
		w.t.Fatal(err)
	}
	return e.Secret
}

// code is that of an app some steps from now.
func (w *world) code(secret string, steps int) string {
	w.t.Helper()
	code, err := totp.GenerateCode(secret, w.Clock.Now().Add(time.Duration(steps)*factor.Period))
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

// enrolled is a new account with a second factor, of which two codes can still be used.
func (w *world) enrolled(email string) (account uuid.UUID, secret string, recovery []string) {
	w.t.Helper()
	account = w.Register(email, password)
	secret = w.begin(account, email)
	recovery, err := w.Confirm(w.t.Context(), account, uuid.Nil, w.code(secret, -1))
	if err != nil {
		w.t.Fatal(err)
	}
	return account, secret, recovery
}

// wrongOf is a code that is none of those around now.
func (w *world) wrongOf(secret string) string {
	w.t.Helper()
	for _, candidate := range []string{"000000", "111111", "222222", "333333", "444444"} {
		if candidate != w.code(secret, -1) && candidate != w.code(secret, 0) && candidate != w.code(secret, 1) {
			return candidate
		}
	}
	w.t.Fatal("all candidates are right")
	return ""
}

// challenge is an open challenge of an account.
func (w *world) challenge(account uuid.UUID) factor.Challenge {
	w.t.Helper()
	handle, err := w.Challenge(w.t.Context(), factor.Challenge{Account: account, PasswordVersion: 1})
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := w.Challenged(w.t.Context(), handle)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func raw(t *testing.T, secret string) []byte {
	t.Helper()
	bytes, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(secret))
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}
