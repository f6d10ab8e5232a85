package account_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/session"
)

func TestEachRefusedSignInCostsOneHash(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, first)
	w.Register(grace, first)
	if err := w.Accounts.SetStatus(t.Context(), grace, account.Disabled); err != nil {
		t.Fatal(err)
	}
	details := map[string]bool{}
	for _, c := range []struct {
		name, email, password string
		code                  fault.Code
	}{
		{"the right password", "ADA@books.test", first, ""},
		{"a wrong password", ada, second, fault.InvalidCredentials},
		{"an unknown address", "nobody@books.test", first, fault.InvalidCredentials},
		{"a disabled account's password", grace, first, fault.AccountDisabled},
		{"a wrong password of a disabled account", grace, second, fault.InvalidCredentials},
		{"an empty password", ada, "", fault.InvalidCredentials},
		{"a password no hash was made of", ada, strings.Repeat("a", 4096) + "\x00", fault.InvalidCredentials},
	} {
		hashes := w.Hashes.During(func() {
			got, err := w.Accounts.Authenticate(t.Context(), c.email, c.password, nil)
			authtest.WantCode(t, c.name, err, c.code)
			// A refusal has the id at most, for the record.
			if c.code == "" && got.ID == uuid.Nil || c.code != "" && got != (account.Account{ID: got.ID}) {
				t.Errorf("%s: got the account %+v", c.name, got)
			}
			var f *fault.Error
			if errors.As(err, &f) && f.Code == fault.InvalidCredentials {
				details[f.Detail] = true
			}
		})
		if hashes != 1 {
			t.Errorf("%s: %d hashes, want 1", c.name, hashes)
		}
	}
	if len(details) != 1 {
		t.Errorf("invalid credentials are told apart: %v", details)
	}
}

func TestAHashOfOlderCostsIsReplacedAtSignIn(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, first)
	const hash = `SELECT password_hash FROM accounts`
	// The stand-in for hashing ignores the costs, so the password remains right.
	w.SQL(`UPDATE accounts SET password_hash = replace(password_hash, 'm=19456', 'm=9728')`)
	old := w.Text(hash)
	if !strings.Contains(old, "m=9728") {
		t.Fatalf("the hash is %s", old)
	}
	_, err := w.Accounts.Authenticate(t.Context(), ada, second, nil)
	authtest.WantCode(t, "a wrong password", err, fault.InvalidCredentials)
	if now := w.Text(hash); now != old {
		t.Error("a wrong password replaced the hash")
	}
	signIn := func() {
		t.Helper()
		a, err := w.Accounts.Authenticate(t.Context(), ada, first, nil)
		if err != nil || a.PasswordVersion != 1 {
			t.Errorf("got %+v, %v", a, err)
		}
	}
	if n := w.Hashes.During(signIn); n != 2 {
		t.Errorf("%d hashes, want one to verify and one to store", n)
	}
	renewed := w.Text(hash)
	if !strings.Contains(renewed, "m=19456") {
		t.Errorf("the hash stayed %s", renewed)
	}
	if n := w.Hashes.During(signIn); n != 1 || w.Text(hash) != renewed {
		t.Errorf("%d hashes the next time, or the hash was replaced again", n)
	}
}

// If the password is changed while the old one is being rehashed, the new one remains.
func TestAnOlderPasswordIsNotPutBackByItsRehash(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	w.SQL(`UPDATE accounts SET password_hash = replace(password_hash, 'm=19456', 'm=9728')`)
	o := w.AccountOptions()
	o.Passwords = changing{Passwords: o.Passwords, change: func() {
		authtest.WantCode(t, "change", w.Accounts.ChangePassword(t.Context(), id, uuid.Nil, first, second), "")
	}}
	a, err := account.New(o).Authenticate(t.Context(), ada, first, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Accounts.Authenticate(t.Context(), ada, first, nil)
	authtest.WantCode(t, "the old password", err, fault.InvalidCredentials)
	if _, err := w.Accounts.Authenticate(t.Context(), ada, second, nil); err != nil {
		t.Errorf("the new password: %v", err)
	}
	authtest.WantCode(t, "the sign-in of the old password", open(w, a), fault.InvalidCredentials)
}

// changing calls a function before a hash is made.
type changing struct {
	account.Passwords
	change func()
}

func (c changing) Hash(ctx context.Context, password string) (string, error) {
	c.change()
	return c.Passwords.Hash(ctx, password)
}

// open opens a session of an account that was authenticated before.
func open(w *authtest.World, a account.Account) error {
	_, err := w.Sessions.Open(context.Background(), session.Opening{Account: a.ID, Admit: a.Admit, AuthenticatedBy: []string{"pwd"}})
	return err
}

func TestASignInIsRefusedIfItsAccountChangedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(ctx context.Context, w *authtest.World, id uuid.UUID) error
		code   fault.Code
	}{
		"nothing changed": {func(context.Context, *authtest.World, uuid.UUID) error { return nil }, ""},
		"renamed": {func(ctx context.Context, w *authtest.World, id uuid.UUID) error {
			_, err := w.Accounts.Rename(ctx, id, "Ada")
			return err
		}, ""},
		"password changed": {func(ctx context.Context, w *authtest.World, id uuid.UUID) error {
			return w.Accounts.ChangePassword(ctx, id, uuid.Nil, first, second)
		}, fault.InvalidCredentials},
		"password changed twice, back to the first": {func(ctx context.Context, w *authtest.World, id uuid.UUID) error {
			return errors.Join(w.Accounts.ChangePassword(ctx, id, uuid.Nil, first, second), w.Accounts.ChangePassword(ctx, id, uuid.Nil, second, first))
		}, fault.InvalidCredentials},
		"disabled": {func(ctx context.Context, w *authtest.World, _ uuid.UUID) error {
			return w.Accounts.SetStatus(ctx, ada, account.Disabled)
		}, fault.AccountDisabled},
		"disabled and enabled": {func(ctx context.Context, w *authtest.World, _ uuid.UUID) error {
			return errors.Join(w.Accounts.SetStatus(ctx, ada, account.Disabled), w.Accounts.SetStatus(ctx, ada, account.Active))
		}, ""},
		"deleted": {func(ctx context.Context, w *authtest.World, id uuid.UUID) error {
			return w.Accounts.Delete(ctx, id, first)
		}, fault.InvalidCredentials},
		"deleted and registered anew": {func(ctx context.Context, w *authtest.World, id uuid.UUID) error {
			err := w.Accounts.Delete(ctx, id, first)
			w.Register(ada, first)
			return err
		}, fault.InvalidCredentials},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := authtest.New(t)
			id := w.Register(ada, first)
			a, err := w.Accounts.Authenticate(t.Context(), ada, first, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.change(t.Context(), w, id); err != nil {
				t.Fatal(err)
			}
			authtest.WantCode(t, "open a session", open(w, a), c.code)
		})
	}
}

// full is a pool of which the queue is full.
type full struct{ account.Passwords }

func (full) CheckCapacity() error { return fault.New(fault.Busy, "busy") }

func TestAFullQueueIsBusyBeforeAnyQuery(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, schematest.Database(t))
	w := authtest.On(t, authtest.Stores{Postgres: proxy.URL})
	proxy.Cut() // a query would be store_unavailable
	o := w.AccountOptions()
	o.Passwords = full{o.Passwords}
	_, err := account.New(o).Authenticate(t.Context(), ada, first, nil)
	authtest.WantCode(t, "authenticate", err, fault.Busy)
}

func TestAStoreThatIsDownIsNoWrongPassword(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, schematest.Database(t))
	w := authtest.On(t, authtest.Stores{Postgres: proxy.URL})
	id := w.Register(ada, first)
	proxy.Cut()
	ctx := t.Context()
	_, err := w.Accounts.Authenticate(ctx, ada, first, nil)
	authtest.WantCode(t, "authenticate", err, fault.StoreUnavailable)
	_, err = w.Accounts.Rename(ctx, id, "Ada")
	authtest.WantCode(t, "rename", err, fault.StoreUnavailable)
	_, _, err = w.People.Find(ctx, ada)
	authtest.WantCode(t, "find", err, fault.StoreUnavailable)
	_, err = w.Accounts.RequestRegistration(ctx, grace, "")
	authtest.WantCode(t, "register", err, fault.StoreUnavailable)
	_, err = w.Accounts.Create(ctx, grace, first, true)
	authtest.WantCode(t, "create", err, fault.StoreUnavailable)
	authtest.WantCode(t, "change password", w.Accounts.ChangePassword(ctx, id, uuid.Nil, first, second), fault.StoreUnavailable)
	authtest.WantCode(t, "delete", w.Accounts.Delete(ctx, id, first), fault.StoreUnavailable)
	authtest.WantCode(t, "disable", w.Accounts.SetStatus(ctx, ada, account.Disabled), fault.StoreUnavailable)
}

// A hash that cannot be parsed is our failure, and not that of the person who signs in.
func TestAHashThatCannotBeReadIsNoWrongPassword(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, first)
	for _, hash := range []string{"nonsense", "$argon2id$v=19$m=19456,t=2,p=1,keyid=lost$c29tZXNhbHRzb21lc2FsdA$K13EBUiG7JV+9ZxztmHFTdb7J0WQsnj2V8bZaqyPptE"} {
		w.SQL(`UPDATE accounts SET password_hash = $1`, hash)
		_, err := w.Accounts.Authenticate(t.Context(), ada, first, nil)
		authtest.WantCode(t, hash, err, fault.Internal)
	}
}
