package account_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/session"
)

func TestANewNameShowsInLiveTokens(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	w.Register(grace, first)
	mine, theirs := w.SignIn(ada, first), w.SignIn(grace, first)
	for _, c := range []struct{ name, want string }{
		{"Ada Lovelace", "Ada Lovelace"},
		{"  Ada \t\n", "Ada"},
		{strings.Repeat("é", account.MaxName/2), strings.Repeat("é", account.MaxName/2)},
		{" " + strings.Repeat("a", account.MaxName) + " ", strings.Repeat("a", account.MaxName)},
		{`"Ada" <script> \ 👩‍💻`, `"Ada" <script> \ 👩‍💻`},
		{"", ""},
	} {
		got, err := w.Accounts.Rename(t.Context(), id, c.name)
		if err != nil || got != c.want {
			t.Errorf("%q: got %q, %v; want %q", c.name, got, err, c.want)
		}
		if p := w.Verify(mine.Token); p == nil || p.Name != c.want {
			t.Errorf("%q: the token says %+v", c.name, p)
		}
	}
	if p := w.Verify(theirs.Token); p == nil || p.Name != "" {
		t.Errorf("another person's token says %+v", p)
	}
}

func TestWhatIsNoNameIsRefused(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	mine := w.SignIn(ada, first)
	if _, err := w.Accounts.Rename(t.Context(), id, "Ada"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		strings.Repeat("a", account.MaxName+1), strings.Repeat("é", account.MaxName/2) + "a",
		"A\x00da", "A\nda", "A\tda", "A\x7fda", "A\u0085da", "A\xffda", "\x1b[31mAda",
	} {
		_, err := w.Accounts.Rename(t.Context(), id, name)
		authtest.WantInvalid(t, name, err, "name", "not_a_name")
	}
	if p := w.Verify(mine.Token); p == nil || p.Name != "Ada" || w.Text(`SELECT name FROM accounts`) != "Ada" {
		t.Errorf("the token says %+v", p)
	}
	_, err := w.Accounts.Rename(t.Context(), uuid.New(), "Ada")
	authtest.WantCode(t, "an unknown account", err, fault.AccountNotFound)
	if n := w.Text(`SELECT count(*) FROM subjects`); n != "1" {
		t.Errorf("%s subjects, want only that of the account", n)
	}
}

// give assigns a role with the scope to read books.
func give(t *testing.T, w *authtest.World, email string) {
	t.Helper()
	authtest.WantCode(t, "create API", w.Resources.Create(t.Context(), "books", []string{"books:read"}), "")
	authtest.WantCode(t, "create role", w.Resources.CreateRole(t.Context(), "books", "reader", []string{"books:read"}), "")
	authtest.WantCode(t, "assign", w.Resources.Assign(t.Context(), email, "books", "reader"), "")
}

func TestADeletedAccountLeavesNothingThatIsLive(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	w.Register(grace, first)
	give(t, w, ada)
	one, other, theirs := w.SignIn(ada, first), w.SignIn(ada, first), w.SignIn(grace, first)
	w.WantScopes("before", one.Token, "account", "books:read")

	authtest.WantCode(t, "a wrong password", w.Accounts.Delete(t.Context(), id, second), fault.WrongPassword)
	authtest.WantCode(t, "an unknown account", w.Accounts.Delete(t.Context(), uuid.New(), first), fault.AccountNotFound)
	if !w.IsLive(one.Token) || w.Text(`SELECT count(*) FROM role_assignments`) != "1" {
		t.Fatal("a refused deletion deleted something")
	}

	authtest.WantCode(t, "delete", w.Accounts.Delete(t.Context(), id, first), "")
	if w.IsLive(one.Token) || w.IsLive(other.Token) || !w.IsLive(theirs.Token) {
		t.Error("a token of the account is live, or another person's is not")
	}
	if n := w.Text(`SELECT count(*) FROM accounts WHERE id = $1`, id); n != "0" {
		t.Error("the account is there")
	}
	if n := w.Text(`SELECT count(*) FROM role_assignments`); n != "0" {
		t.Error("its role is there")
	}
	if listed, err := w.Sessions.List(t.Context(), id); err != nil || len(listed) != 0 {
		t.Errorf("listed %v, %v", listed, err)
	}
	_, err := w.Accounts.Authenticate(t.Context(), ada, first, nil)
	authtest.WantCode(t, "sign in", err, fault.InvalidCredentials)
	authtest.WantCode(t, "delete again", w.Accounts.Delete(t.Context(), id, first), fault.AccountNotFound)

	// The address is free, and a new account with it inherits nothing.
	again := w.Register(ada, first)
	if again == id {
		t.Error("the id was used again")
	}
	w.WantScopes("registered anew", w.SignIn(ada, first).Token, "account")
}

// gate blocks each verification until all callers have verified their password.
type gate struct {
	account.Passwords
	all *sync.WaitGroup
}

func (g gate) Verify(ctx context.Context, password, phc string) (ok, needsRehash bool, err error) {
	ok, needsRehash, err = g.Passwords.Verify(ctx, password, phc)
	g.all.Done()
	g.all.Wait()
	return ok, needsRehash, err
}

func TestOfTwoDeletionsAtOnceTheOtherFindsNoAccount(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	o := w.AccountOptions()
	met := gate{o.Preferred, &sync.WaitGroup{}}
	met.all.Add(2)
	o.Preferred = met
	accounts := account.New(o)
	errs := make([]error, 2)
	var both sync.WaitGroup
	for n := range errs {
		both.Go(func() { errs[n] = accounts.Delete(t.Context(), id, first) })
	}
	both.Wait()
	if errs[0] != nil {
		errs[0], errs[1] = errs[1], errs[0]
	}
	authtest.WantCode(t, "one", errs[0], "")
	authtest.WantCode(t, "the other", errs[1], fault.AccountNotFound)
}

// The password was changed after the deletion had confirmed it, perhaps because somebody
// else knew the old one.
func TestADeletionWithAPasswordChangedMeanwhileIsRefused(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	o := w.AccountOptions()
	o.Preferred = verified{o.Preferred, func() {
		authtest.WantCode(t, "change", w.Accounts.ChangePassword(t.Context(), id, uuid.Nil, first, second), "")
	}}
	authtest.WantCode(t, "delete", account.New(o).Delete(t.Context(), id, first), fault.WrongPassword)
	if _, err := w.Accounts.Authenticate(t.Context(), ada, second, nil); err != nil {
		t.Errorf("the account: %v", err)
	}
}

// verified calls then after a password was verified.
type verified struct {
	account.Passwords
	then func()
}

func (v verified) Verify(ctx context.Context, password, phc string) (ok, needsRehash bool, err error) {
	ok, needsRehash, err = v.Passwords.Verify(ctx, password, phc)
	v.then()
	return ok, needsRehash, err
}

func TestADisabledAccountIsOutUntilItIsEnabled(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	w.Register(grace, first)
	give(t, w, ada)
	before, theirs := w.SignIn(ada, first), w.SignIn(grace, first)
	set := func(email string, s account.Status) error { return w.Accounts.SetStatus(t.Context(), email, s) }

	for range 2 { // Once more is no error.
		authtest.WantCode(t, "disable", set("ADA@books.test", account.Disabled), "")
		if w.IsLive(before.Token) || !w.IsLive(theirs.Token) {
			t.Error("its token is live, or another person's is not")
		}
		_, err := w.Accounts.Authenticate(t.Context(), ada, first, nil)
		authtest.WantCode(t, "sign in", err, fault.AccountDisabled)
		_, err = w.Sessions.Open(t.Context(), session.Opening{Account: id, AuthenticatedBy: []string{"pwd"}})
		authtest.WantCode(t, "open a session past Admit", err, fault.AccountDisabled)
	}
	for range 2 {
		authtest.WantCode(t, "enable", set(ada, account.Active), "")
		if w.IsLive(before.Token) {
			t.Error("a token that had ended is live again")
		}
	}
	w.WantScopes("after it was enabled", w.SignIn(ada, first).Token, "account", "books:read")
	// Enabling an account that is active ends nothing.
	now := w.SignIn(ada, first)
	authtest.WantCode(t, "enable an active account", set(ada, account.Active), "")
	if !w.IsLive(now.Token) {
		t.Error("it ended a session")
	}
}

func TestAnUnknownAddressIsNotFound(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	for _, status := range []account.Status{account.Active, account.Disabled} {
		authtest.WantCode(t, string(status), w.Accounts.SetStatus(t.Context(), "nobody@books.test", status), fault.AccountNotFound)
	}
	_, _, err := w.People.Find(t.Context(), "nobody@books.test")
	authtest.WantCode(t, "find", err, fault.AccountNotFound)
	if got, _, err := w.People.Find(t.Context(), "Ada@BOOKS.test"); err != nil || got != id {
		t.Errorf("found %v, %v; want %v", got, err, id)
	}
}

// While Redis is down a change is recorded, and the answer is a store's failure. The change
// takes effect when Redis is back, and repeating the request waits for that.
func TestAChangeWithoutRedisIsRecorded(t *testing.T) {
	t.Parallel()
	stores := authtest.Stores{Postgres: schematest.Database(t), Redis: devtest.Redis(t)}
	w := authtest.On(t, stores)
	id := w.Register(ada, first)
	mine := w.SignIn(ada, first)
	proxy := devtest.NewProxy(t, stores.Redis)
	cut := authtest.On(t, authtest.Stores{Postgres: stores.Postgres, Redis: proxy.URL})
	proxy.Cut()
	authtest.WantCode(t, "disable", cut.Accounts.SetStatus(t.Context(), ada, account.Disabled), fault.StoreUnavailable)
	if got := w.Text(`SELECT status FROM accounts WHERE id = $1`, id); got != string(account.Disabled) {
		t.Errorf("the account is %s", got)
	}
	if !w.IsLive(mine.Token) {
		t.Fatal("Redis was told")
	}
	authtest.WantCode(t, "disable again", w.Accounts.SetStatus(t.Context(), ada, account.Disabled), "")
	if w.IsLive(mine.Token) {
		t.Error("the token is live")
	}
}

// failing is a Belongings that cannot forget an account.
type failing struct{}

func (failing) Forget(context.Context, pgx.Tx, uuid.UUID) error {
	return errors.New("not forgotten")
}

func TestADeletionIsDoneInFullOrNotAtAll(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	mine := w.SignIn(ada, first)
	o := w.AccountOptions()
	o.Belongings = failing{}
	authtest.WantCode(t, "delete", account.New(o).Delete(t.Context(), id, first), fault.StoreUnavailable)
	if !w.IsLive(mine.Token) {
		t.Error("the token is dead")
	}
	if _, err := w.Accounts.Authenticate(t.Context(), ada, first, nil); err != nil {
		t.Errorf("the account: %v", err)
	}
}
