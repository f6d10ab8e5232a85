package account_test

import (
	"strings"
	"testing"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/password"
)

func TestRegisteringAKnownAddressTellsNothingAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	w.Register(ada, first)
	const row = `SELECT json_agg(a) FROM accounts a`
	before := w.Text(row)
	for _, email := range []string{ada, "ADA@Books.Test", " " + ada + "\n"} {
		if n := w.Hashes.During(func() {
			authtest.WantCode(t, email, w.Accounts.Register(t.Context(), email, second), "")
		}); n != 1 {
			t.Errorf("%q: %d hashes, want 1 as for an unknown address", email, n)
		}
	}
	if after := w.Text(row); after != before {
		t.Errorf("the account was\n%s\nand is\n%s", before, after)
	}
	if _, err := w.Accounts.Authenticate(t.Context(), ada, first, nil); err != nil {
		t.Errorf("the owner's password: %v", err)
	}
	_, err := w.Accounts.Authenticate(t.Context(), ada, second, nil)
	authtest.WantCode(t, "the other password", err, fault.InvalidCredentials)
}

func TestANewAccountIsActiveAndKeepsItsAddressAsTyped(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	if n := w.Hashes.During(func() {
		authtest.WantCode(t, "register", w.Accounts.Register(t.Context(), "Ada.Lovelace@Books.Test", first), "")
	}); n != 1 {
		t.Errorf("%d hashes, want 1", n)
	}
	a, err := w.Accounts.Authenticate(t.Context(), "ada.lovelace@books.test", first, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.Email != "Ada.Lovelace@Books.Test" || a.Status != account.Active || a.Name != "" || a.PasswordVersion != 1 || a.ID.Version() != 7 || a.CreatedAt.IsZero() {
		t.Errorf("got %+v", a)
	}
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
			authtest.WantInvalid(t, "register "+email, w.Accounts.Register(t.Context(), email, first), "email", "not_an_email")
			_, err := w.Accounts.Authenticate(t.Context(), email, first, nil)
			authtest.WantInvalid(t, "authenticate "+email, err, "email", "not_an_email")
			authtest.WantInvalid(t, "disable "+email, w.Accounts.SetStatus(t.Context(), email, account.Disabled), "email", "not_an_email")
		}); n != 0 {
			t.Errorf("%q: %d hashes, want none", email, n)
		}
	}
	// At the limits.
	for _, email := range []string{strings.Repeat("a", 64) + "@books.test", "a@" + strings.Repeat(long, 3) + strings.Repeat("b", 60)} {
		authtest.WantCode(t, email, w.Accounts.Register(t.Context(), email, first), "")
	}
	if n := w.Text(`SELECT count(*) FROM accounts`); n != "2" {
		t.Errorf("%s accounts, want 2", n)
	}
}

func TestRegisterRefusesWhatThePolicyRefuses(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	for word, reason := range map[string]string{"too short": password.ReasonTooShort, "ada.lovelace ada.lovelace": password.ReasonBlocklisted} {
		n := w.Hashes.During(func() {
			authtest.WantInvalid(t, word, w.Accounts.Register(t.Context(), "ada.lovelace@books.test", word), "password", reason)
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
