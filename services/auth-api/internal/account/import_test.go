package account_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/password/foreign"
)

const (
	typed = "correct horse battery"
	// made by mkpasswd -m sha256crypt -S saltsalt, of typed.
	crypted = "$5$saltsalt$lJBntEo62mus/ovk43htFvkabtoMEkzjosQqenAm4h8"
	// made by htpasswd -nbB -C 4, of 100 letters a.
	longest = "$2y$04$qX9HSU0GUDcY/VupWK2/s.SgHAet1AeuATaxO6Qjrr/RYGWYPLxDS"
)

// imported adds an account with a hash, or with none if the text is empty.
func imported(t *testing.T, w *authtest.World, email string, format foreign.Format, text string) {
	t.Helper()
	var hash foreign.Hash
	if text != "" {
		var err error
		if hash, err = foreign.Parse(format, text, foreign.FirebaseKeys{}); err != nil {
			t.Fatal(err)
		}
	}
	became, err := w.Accounts.Import(t.Context(), []account.Import{{Email: email, Hash: hash}}, false)
	if err != nil || len(became) != 1 || became[0] != account.Added {
		t.Fatalf("%v, %v", became, err)
	}
}

const storedHash = `SELECT password_hash FROM accounts`

func TestImportedPasswordIsOursAfterTheFirstSignIn(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	imported(t, w, ada, foreign.SHACrypt, crypted)
	if got := w.Text(storedHash); got != "imported:sha-crypt:"+crypted {
		t.Fatalf("stored: %s", got)
	}
	_, err := w.Accounts.Authenticate(t.Context(), ada, "another", nil)
	authtest.WantCode(t, "a wrong password", err, fault.InvalidCredentials)
	if got := w.Text(storedHash); !strings.HasPrefix(got, "imported:") {
		t.Fatalf("stored after a wrong password: %s", got)
	}
	for range 2 {
		_, err := w.Accounts.Authenticate(t.Context(), "ADA@books.test", typed, nil)
		authtest.WantCode(t, "the right password", err, "")
		if got := w.Text(storedHash); !strings.HasPrefix(got, "$argon2id$") {
			t.Fatalf("stored after the right password: %s", got)
		}
	}
}

// bcrypt has read 72 bytes only. From the first sign-in on, all of it counts.
func TestLongImportedPasswordSignsIn(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	imported(t, w, ada, foreign.Bcrypt, longest)
	whole := strings.Repeat("a", 100)
	_, err := w.Accounts.Authenticate(t.Context(), ada, whole, nil)
	authtest.WantCode(t, "the whole password", err, "")
	_, err = w.Accounts.Authenticate(t.Context(), ada, whole[:72], nil)
	authtest.WantCode(t, "its first 72 bytes, afterwards", err, fault.InvalidCredentials)
	_, err = w.Accounts.Authenticate(t.Context(), ada, whole, nil)
	authtest.WantCode(t, "the whole password again", err, "")
}

func TestImportedPasswordConfirmsAChange(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	imported(t, w, ada, foreign.SHACrypt, crypted)
	id := uuid.MustParse(w.Text(`SELECT id FROM accounts`))
	authtest.WantCode(t, "change with a wrong one", w.Accounts.ChangePassword(t.Context(), id, uuid.Nil, "another", second), fault.WrongPassword)
	authtest.WantCode(t, "change to the same", w.Accounts.ChangePassword(t.Context(), id, uuid.Nil, typed, typed), fault.ValidationFailed)
	authtest.WantCode(t, "change", w.Accounts.ChangePassword(t.Context(), id, uuid.Nil, typed, second), "")
	_, err := w.Accounts.Authenticate(t.Context(), ada, typed, nil)
	authtest.WantCode(t, "the old password", err, fault.InvalidCredentials)
	_, err = w.Accounts.Authenticate(t.Context(), ada, second, nil)
	authtest.WantCode(t, "the new password", err, "")
	authtest.WantCode(t, "delete", w.Accounts.Delete(t.Context(), id, second), "")
}

// An account without a password does what an unknown address does: one hash of ours.
func TestAccountWithoutPasswordSignsNobodyIn(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	imported(t, w, ada, "", "")
	stored := w.Text(storedHash)
	for _, password := range []string{"", "none", stored, typed} {
		n := w.Hashes.During(func() {
			_, err := w.Accounts.Authenticate(t.Context(), ada, password, nil)
			authtest.WantCode(t, password, err, fault.InvalidCredentials)
		})
		if n != 1 {
			t.Errorf("%q: %d hashes, want 1", password, n)
		}
	}
	if w.Text(storedHash) != stored || stored != "imported:none:" {
		t.Errorf("stored: %s", stored)
	}
}
