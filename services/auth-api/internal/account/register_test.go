package account_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/services/auth-api/internal/password"
)

// registered asks for an account, and returns the mail as it is sent, and the id of the request.
func registered(t *testing.T, w *authtest.World, email string) (mail.Mail, uuid.UUID) {
	t.Helper()
	id, err := w.Accounts.RequestRegistration(t.Context(), email, "")
	authtest.WantCode(t, "register", err, "")
	var sent mail.Mail
	err = w.Store.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		r := account.RegistrationMail{Codes: w.Codes, Link: func(request uuid.UUID) string { return request.String() }}
		for _, m := range taken(t, w) {
			if m.Kind != mail.Registration {
				continue
			}
			out, send, err := r.Prepare(ctx, tx, m)
			if err != nil || !send {
				return fmt.Errorf("prepared: %v, %w", send, err)
			}
			sent = out
			if out.Kind == mail.Registration {
				err = r.HandedOver(ctx, tx, out, w.Clock.Now())
			} else {
				err = account.AlreadyRegisteredMail{Audit: w.Recorder()}.HandedOver(ctx, tx, out, w.Clock.Now())
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sent, id
}

func TestAccountBeginsWhenItsAddressIsProved(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	var sent mail.Mail
	var id uuid.UUID
	if n := w.Hashes.During(func() { sent, id = registered(t, w, "Ada.Lovelace@Books.Test") }); n != 0 {
		t.Errorf("%d hashes before there is a password", n)
	}
	if n := w.Text(`SELECT count(*) FROM accounts`); n != "0" || sent.To != "Ada.Lovelace@Books.Test" || sent.Data["url"] != id.String() {
		t.Fatalf("%s accounts, mailed %+v", n, sent)
	}
	authtest.WantCode(t, "another code", w.Accounts.Join(t.Context(), id, "BCDF-GHJK", first), fault.InvalidCode)
	authtest.WantInvalid(t, "a weak password", w.Accounts.Join(t.Context(), id, sent.Data["code"], "ada.lovelace ada.lovelace"), "password", password.ReasonBlocklisted)
	if n := w.Hashes.During(func() {
		authtest.WantCode(t, "join", w.Accounts.Join(t.Context(), id, sent.Data["code"], first), "")
	}); n != 1 {
		t.Errorf("%d hashes, want 1", n)
	}
	authtest.WantCode(t, "join again", w.Accounts.Join(t.Context(), id, sent.Data["code"], second), fault.InvalidCode)
	a, err := w.Accounts.Authenticate(t.Context(), "ada.lovelace@books.test", first, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.Email != "Ada.Lovelace@Books.Test" || !a.EmailVerified || a.Status != account.Active || a.Name != "" || a.PasswordVersion != 1 || a.ID.Version() != 7 || a.CreatedAt.IsZero() {
		t.Errorf("got %+v", a)
	}
}

func TestCodeOfARegistrationEndsAfterTenMinutes(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	sent, id := registered(t, w, ada)
	w.Clock.Move(code.Lifetime)
	authtest.WantCode(t, "too late", w.Accounts.Join(t.Context(), id, sent.Data["code"], first), fault.InvalidCode)
}

func TestOwnerIsToldOfARegistrationAndNothingChanges(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, first)
	const row = `SELECT json_agg(a) FROM accounts a`
	before := w.Text(row)
	for _, email := range []string{ada, "ADA@Books.Test", " " + ada + "\n"} {
		sent, id := registered(t, w, email)
		if sent.Kind != mail.AlreadyRegistered || sent.To != ada || sent.Data["code"] != "" {
			t.Errorf("%q: mailed %+v", email, sent)
		}
		authtest.WantCode(t, email, w.Accounts.Join(t.Context(), id, "BCDF-GHJK", second), fault.InvalidCode)
	}
	if after := w.Text(row); after != before {
		t.Errorf("the account was\n%s\nand is\n%s", before, after)
	}
	if n := w.Text(`SELECT count(*) FROM events WHERE verb = 'account.register' AND reason = 'already_exists' AND subject IS NOT NULL`); n != "3" {
		t.Errorf("%s events, want 3", n)
	}
}

// Somebody else may be first, between the mail and the code.
func TestOfTwoRegistrationsOneMakesTheAccount(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	one, first1 := registered(t, w, ada)
	two, second2 := registered(t, w, "ADA@books.test")
	authtest.WantCode(t, "one", w.Accounts.Join(t.Context(), first1, one.Data["code"], first), "")
	authtest.WantCode(t, "the other", w.Accounts.Join(t.Context(), second2, two.Data["code"], second), fault.InvalidCode)
	w.SignIn(ada, first)
}

func TestServiceWithoutMailRegistersNobody(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	o := w.AccountOptions()
	o.Mails = w.WithoutMail()
	_, err := account.New(o).RequestRegistration(t.Context(), ada, "")
	authtest.WantCode(t, "register", err, fault.RegistrationClosed)
}

func TestWhatIsNoAddressIsRefusedWithoutAHash(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	long := strings.Repeat("a", 63) + "."
	for _, email := range []string{
		"", "ada", "@books.test", "ada@", "ada@books..test", "ada@-books.test", "ada@books-.test", "ada lovelace@books.test", "Ada <ada@books.test>",
		`"ada"@books.test`, "ada@[127.0.0.1]", "adä@books.test", "ada@books.test, grace@books.test", "ada\x00@books.test",
		strings.Repeat("a", 65) + "@books.test", "ada@" + strings.Repeat("b", 64) + ".test", "ada@" + strings.Repeat(long, 4) + "test",
	} {
		if n := w.Hashes.During(func() {
			_, err := w.Accounts.Create(t.Context(), email, first, true)
			authtest.WantInvalid(t, "create "+email, err, "email", "not_an_email")
			_, err = w.Accounts.RequestRegistration(t.Context(), email, "")
			authtest.WantInvalid(t, "register "+email, err, "email", "not_an_email")
			_, err = w.Accounts.Authenticate(t.Context(), email, first, nil)
			authtest.WantInvalid(t, "authenticate "+email, err, "email", "not_an_email")
			authtest.WantInvalid(t, "disable "+email, w.Accounts.SetStatus(t.Context(), email, account.Disabled), "email", "not_an_email")
		}); n != 0 {
			t.Errorf("%q: %d hashes, want none", email, n)
		}
	}
	// At the limits.
	for _, email := range []string{strings.Repeat("a", 64) + "@books.test", "a@" + strings.Repeat(long, 3) + strings.Repeat("b", 60)} {
		_, err := w.Accounts.RequestRegistration(t.Context(), email, "")
		authtest.WantCode(t, email, err, "")
		w.Register(email, first)
	}
	if n := w.Text(`SELECT count(*) FROM accounts`); n != "2" {
		t.Errorf("%s accounts, want 2", n)
	}
}

func TestCreateRefusesWhatThePolicyRefuses(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	for word, reason := range map[string]string{"too short": password.ReasonTooShort, "ada.lovelace ada.lovelace": password.ReasonBlocklisted} {
		n := w.Hashes.During(func() {
			_, err := w.Accounts.Create(t.Context(), "ada.lovelace@books.test", word, true)
			authtest.WantInvalid(t, word, err, "password", reason)
		})
		if n != 0 {
			t.Errorf("%q: %d hashes, want none", word, n)
		}
	}
	if n := w.Text(`SELECT count(*) FROM accounts`); n != "0" {
		t.Errorf("%s accounts were made", n)
	}
}

func TestSeedMakesTheAccountOnce(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	for range 2 {
		if err := w.Accounts.Seed(t.Context(), ada, first); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.Hashes.During(func() { _ = w.Accounts.Seed(t.Context(), ada, second) }); n != 0 {
		t.Errorf("%d hashes for an account that is there", n)
	}
	if _, err := w.Accounts.Authenticate(t.Context(), ada, first, nil); err != nil {
		t.Error(err)
	}
	// A store's failure must not be taken for an account that does not exist.
	w.SQL(`DROP TABLE accounts CASCADE`)
	if n := w.Hashes.During(func() {
		authtest.WantCode(t, "without a table", w.Accounts.Seed(t.Context(), ada, first), fault.StoreUnavailable)
	}); n != 0 {
		t.Errorf("%d hashes without a table", n)
	}
}
