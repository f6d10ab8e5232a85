package account_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/services/auth-api/internal/password"
)

func TestAPasswordChangeEndsAllSessionsButTheActingOne(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	w.Register(grace, first)
	acting, other, theirs := w.SignIn(ada, first), w.SignIn(ada, first), w.SignIn(grace, first)
	if n := w.Hashes.During(func() {
		authtest.WantCode(t, "change", w.Accounts.ChangePassword(t.Context(), id, acting.ID, first, second), "")
	}); n != 2 {
		t.Errorf("%d hashes, want one to confirm and one to store", n)
	}
	if !w.IsLive(acting.Token) || w.IsLive(other.Token) || !w.IsLive(theirs.Token) {
		t.Errorf("live: the acting session %v, another %v, another person's %v; want true, false, true",
			w.IsLive(acting.Token), w.IsLive(other.Token), w.IsLive(theirs.Token))
	}
	_, err := w.Accounts.Authenticate(t.Context(), ada, first, nil)
	authtest.WantCode(t, "the old password", err, fault.InvalidCredentials)
	if a, err := w.Accounts.Authenticate(t.Context(), ada, second, nil); err != nil || a.PasswordVersion != 2 {
		t.Errorf("the new password: %+v, %v", a, err)
	}
	// A session of another person as keep protects nothing.
	authtest.WantCode(t, "change with another person's session", w.Accounts.ChangePassword(t.Context(), id, theirs.ID, second, third), "")
	if w.IsLive(acting.Token) || !w.IsLive(theirs.Token) {
		t.Error("the session of another person was taken for the acting one")
	}
}

func TestARefusedPasswordChangeChangesNothing(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register("ada.lovelace@books.test", first)
	acting, other := w.SignIn("ada.lovelace@books.test", first), w.SignIn("ada.lovelace@books.test", first)
	const row = `SELECT json_agg(a) FROM accounts a`
	before := w.Text(row)
	change := func(id uuid.UUID, current, next string) error {
		return w.Accounts.ChangePassword(t.Context(), id, acting.ID, current, next)
	}
	authtest.WantCode(t, "a wrong current password", change(id, second, third), fault.WrongPassword)
	authtest.WantCode(t, "a wrong current and a bad new password", change(id, second, "x"), fault.WrongPassword)
	authtest.WantCode(t, "an unknown account", change(uuid.New(), first, second), fault.AccountNotFound)
	for next, reason := range map[string]string{
		"too short": password.ReasonTooShort, "ada.lovelace ada.lovelace": password.ReasonBlocklisted, first: password.ReasonUnchanged, second + "\x00": password.ReasonNotText,
	} {
		authtest.WantInvalid(t, next, change(id, first, next), "new_password", reason)
	}
	if w.Text(row) != before {
		t.Error("the account was changed")
	}
	if !w.IsLive(acting.Token) || !w.IsLive(other.Token) {
		t.Error("a session was ended")
	}
}

// meeting blocks each change after it has confirmed the current password, until all have
// done so.
type meeting struct {
	account.Policy
	all *sync.WaitGroup
}

func (m meeting) CheckChange(location, current, next, email string) error {
	m.all.Done()
	m.all.Wait()
	return m.Policy.CheckChange(location, current, next, email)
}

func TestOfTwoPasswordChangesAtOnceOneWins(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	sessions := []uuid.UUID{w.SignIn(ada, first).ID, w.SignIn(ada, first).ID}
	o := w.AccountOptions()
	met := meeting{o.Policy, &sync.WaitGroup{}}
	met.all.Add(2)
	o.Policy = met
	accounts := account.New(o)
	next, errs := []string{second, third}, make([]error, 2)
	var both sync.WaitGroup
	for n := range next {
		both.Go(func() { errs[n] = accounts.ChangePassword(t.Context(), id, sessions[n], first, next[n]) })
	}
	both.Wait()
	won := 0
	if errs[0] != nil {
		won = 1
	}
	authtest.WantCode(t, "who won", errs[won], "")
	authtest.WantCode(t, "who lost", errs[1-won], fault.WrongPassword)
	if a, err := w.Accounts.Authenticate(t.Context(), ada, next[won], nil); err != nil || a.PasswordVersion != 2 {
		t.Errorf("the password of who won: %+v, %v", a, err)
	}
	listed, err := w.Sessions.List(t.Context(), id)
	if err != nil || len(listed) != 1 || listed[0].ID != sessions[won] {
		t.Errorf("listed %v, %v; want only the session of who won", listed, err)
	}
}

// The other order: the account is deleted after a change was confirmed, and before it is
// made.
func TestAPasswordChangeDoesNotReachAnAccountDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	o := w.AccountOptions()
	o.Preferred = changing{Passwords: o.Preferred, change: func() {
		authtest.WantCode(t, "delete", w.Accounts.Delete(t.Context(), id, first), "")
	}}
	err := account.New(o).ChangePassword(t.Context(), id, uuid.Nil, first, second)
	authtest.WantCode(t, "change", err, fault.AccountNotFound)
	if n := w.Text(`SELECT count(*) FROM accounts`); n != "0" {
		t.Errorf("%s accounts", n)
	}
}

func TestOwnerIsToldOfAChangedPassword(t *testing.T) {
	t.Parallel()
	w := authtest.New(t)
	id := w.Register(ada, first)
	authtest.WantCode(t, "a wrong password", w.Accounts.ChangePassword(t.Context(), id, uuid.Nil, second, first), fault.WrongPassword)
	if sent := taken(t, w); len(sent) != 0 {
		t.Errorf("a refused change is told: %+v", sent)
	}
	authtest.WantCode(t, "change", w.Accounts.ChangePassword(t.Context(), id, uuid.Nil, first, second), "")
	if sent := taken(t, w); len(sent) != 1 || sent[0].Kind != mail.PasswordChanged || sent[0].To != ada {
		t.Errorf("sent %+v", sent)
	}
	// Whose address nobody has proved may be somebody else.
	w.SQL(`UPDATE accounts SET email_verified_at = NULL`)
	authtest.WantCode(t, "change", w.Accounts.ChangePassword(t.Context(), id, uuid.Nil, second, first), "")
	if sent := taken(t, w); len(sent) != 0 {
		t.Errorf("sent %+v to an address that is not verified", sent)
	}
}
