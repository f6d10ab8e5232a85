package personal_test

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/personal"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const (
	ada      = "ada@books.test"
	grace    = "grace@books.test"
	password = "violet teapot marches north"
	another  = "seven quiet lanterns drift"
	year     = 365 * 24 * time.Hour
)

type world struct {
	*authtest.World
	*personal.Service
	t *testing.T
}

// newWorld has the API books, which ada may read and write.
func newWorld(t *testing.T) (*world, uuid.UUID) {
	t.Helper()
	w := authtest.New(t)
	id := w.Register(ada, password)
	authtest.WantCode(t, "create API", w.Resources.Create(t.Context(), "books", []string{"books:read", "books:write"}), "")
	authtest.WantCode(t, "create role", w.Resources.CreateRole(t.Context(), "books", "editor", []string{"books:read", "books:write"}), "")
	authtest.WantCode(t, "assign", w.Resources.Assign(t.Context(), ada, "books", "editor"), "")
	return &world{w, personal.New(personal.NewStore(w.Store), w.Authorizations, year), t}, id
}

func (w *world) make(account uuid.UUID, name string, scopes ...string) personal.Made {
	w.t.Helper()
	made, err := w.Create(w.t.Context(), personal.Creation{Account: account, Name: name, Scopes: scopes, Lifetime: time.Hour})
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

func TestTokenDoesWhatItsOwnerMayAndItWasMadeFor(t *testing.T) {
	t.Parallel()
	w, id := newWorld(t)
	made := w.make(id, "  backup  ", "books:read")
	if !strings.HasPrefix(made.Secret.Reveal(), "bpt") {
		t.Errorf("the token begins %.5s", made.Secret.Reveal())
	}
	p := w.Verify(made.Secret)
	if p == nil || p.Subject != id.String() || p.Email != ada || p.Authorization != made.ID.String() || !p.AuthenticatedAt.IsZero() || len(p.AuthenticatedBy) != 0 {
		t.Errorf("it says %+v; want ada's, and no authentication", p)
	}
	w.WantScopes("made", made.Secret, "books:read")
	listed, err := w.List(t.Context(), id)
	if err != nil || len(listed) != 1 || listed[0].Name != "backup" || listed[0].ID != made.ID {
		t.Errorf("listed %+v, %v", listed, err)
	}
	authtest.WantCode(t, "unassign", w.Resources.Unassign(t.Context(), ada, "books", "editor"), "")
	w.WantScopes("after its owner was demoted", made.Secret)
}

func TestWhatNoTokenMayBeMadeForIsRefused(t *testing.T) {
	t.Parallel()
	w, id := newWorld(t)
	good := personal.Creation{Account: id, Name: "backup", Scopes: []string{"books:read"}, Lifetime: time.Hour}
	for name, c := range map[string]struct {
		change func(c *personal.Creation)
		field  string
		code   fault.Code
	}{
		"the account itself":        {func(c *personal.Creation) { c.Scopes = []string{"account"} }, "", fault.InvalidScope},
		"the account besides":       {func(c *personal.Creation) { c.Scopes = []string{"account", "books:read"} }, "", fault.InvalidScope},
		"what its owner may not":    {func(c *personal.Creation) { c.Scopes = []string{"shops:read"} }, "", fault.InvalidScope},
		"an identity":               {func(c *personal.Creation) { c.Scopes = []string{"openid"} }, "", fault.InvalidScope},
		"nothing":                   {func(c *personal.Creation) { c.Scopes = nil }, "scope", fault.ValidationFailed},
		"no name":                   {func(c *personal.Creation) { c.Name = " " }, "name", fault.ValidationFailed},
		"a long name":               {func(c *personal.Creation) { c.Name = strings.Repeat("n", personal.MaxName+1) }, "name", fault.ValidationFailed},
		"a name with a control":     {func(c *personal.Creation) { c.Name = "back\x1bup" }, "name", fault.ValidationFailed},
		"more than a year":          {func(c *personal.Creation) { c.Lifetime = year + time.Second }, "expires_in", fault.ValidationFailed},
		"less than a minute":        {func(c *personal.Creation) { c.Lifetime = time.Second }, "expires_in", fault.ValidationFailed},
		"an end that was long ago":  {func(c *personal.Creation) { c.Lifetime = -time.Hour }, "expires_in", fault.ValidationFailed},
		"an account that is no one": {func(c *personal.Creation) { c.Account = uuid.New() }, "", fault.InvalidScope},
	} {
		asked := good
		c.change(&asked)
		made, err := w.Create(t.Context(), asked)
		authtest.WantCode(t, name, err, c.code)
		if made.Secret.Reveal() != "" {
			t.Errorf("%s: it gave a token", name)
		}
		if c.field != "" && !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: %v, want %s", name, err, c.field)
		}
	}
	if n := w.Text(`SELECT count(*) FROM personal_tokens`); n != "0" {
		t.Errorf("%s rows", n)
	}
}

func TestTokenEndsWithWhatEndsEverythingAndNotWithAPassword(t *testing.T) {
	t.Parallel()
	w, id := newWorld(t)
	made := w.make(id, "backup", "books:read")
	authtest.WantCode(t, "change password", w.Accounts.ChangePassword(t.Context(), id, uuid.Nil, password, another), "")
	authtest.WantCode(t, "end sessions", w.Sessions.EndAll(t.Context(), id, uuid.Nil), "")
	if !w.IsLive(made.Secret) {
		t.Error("a changed password ended it")
	}
	authtest.WantCode(t, "disable", w.Accounts.SetStatus(t.Context(), ada, "disabled"), "")
	if w.IsLive(made.Secret) {
		t.Error("it outlives its disabled owner")
	}
	authtest.WantCode(t, "enable", w.Accounts.SetStatus(t.Context(), ada, "active"), "")
	if w.IsLive(made.Secret) {
		t.Error("it came back")
	}
	again := w.make(id, "backup", "books:read")
	authtest.WantCode(t, "delete", w.Accounts.Delete(t.Context(), id, another), "")
	if w.IsLive(again.Secret) {
		t.Error("it outlives its deleted owner")
	}
}

func TestTokenIsEndedByItsOwnerAndByAnOperator(t *testing.T) {
	t.Parallel()
	w, id := newWorld(t)
	stranger := w.Register(grace, password)
	one, other, kept := w.make(id, "one", "books:read"), w.make(id, "other", "books:read"), w.make(id, "kept", "books:read")
	session := w.SignIn(ada, password)
	for name, end := range map[string]error{
		"a stranger":             w.End(t.Context(), stranger, one.ID),
		"of no token":            w.End(t.Context(), id, uuid.New()),
		"of a session":           w.End(t.Context(), id, session.ID),
		"of no token, by any":    w.EndAny(t.Context(), uuid.New()),
		"of a session, operator": w.EndAny(t.Context(), session.ID),
	} {
		authtest.WantCode(t, name, end, fault.SessionNotFound)
	}
	if !w.IsLive(one.Secret) || !w.IsLive(session.Token) {
		t.Fatal("a refused end ended something")
	}
	authtest.WantCode(t, "its owner", w.End(t.Context(), id, one.ID), "")
	authtest.WantCode(t, "an operator", w.EndAny(t.Context(), other.ID), "")
	if w.IsLive(one.Secret) || w.IsLive(other.Secret) || !w.IsLive(kept.Secret) || !w.IsLive(session.Token) {
		t.Error("one that was ended is live, or another is not")
	}
	authtest.WantCode(t, "again", w.End(t.Context(), id, one.ID), fault.SessionNotFound)
	if listed, err := w.List(t.Context(), id); err != nil || len(listed) != 1 || listed[0].ID != kept.ID {
		t.Errorf("listed %+v, %v", listed, err)
	}
	if reasons := w.Text(`SELECT string_agg(revoked_reason, ' ' ORDER BY revoked_reason) FROM authorizations WHERE kind = 'personal' AND revoked_at IS NOT NULL`); reasons != "ended_by_operator ended_by_owner" {
		t.Errorf("reasons %s", reasons)
	}
}

// Of two at once, too, none is one too many, and none of those that are there ends.
func TestOneMoreThanAPersonMayHaveIsRefused(t *testing.T) {
	t.Parallel()
	w, id := newWorld(t)
	first := w.make(id, "0", "books:read")
	for n := 1; n < authorization.MaxPersonal-4; n++ {
		w.make(id, fmt.Sprint(n), "books:read")
	}
	var made atomic.Int64
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			_, err := w.Create(t.Context(), personal.Creation{Account: id, Name: "at once", Scopes: []string{"books:read"}, Lifetime: time.Hour})
			if err == nil {
				made.Add(1)
			} else {
				authtest.WantInvalid(t, "one too many", err, "name", "too_many")
			}
		})
	}
	wait.Wait()
	if made.Load() != 4 || !w.IsLive(first.Secret) {
		t.Errorf("%d were made, want 4; the first is live: %v", made.Load(), w.IsLive(first.Secret))
	}
	w.Clock.Move(2 * time.Hour)
	w.make(id, "when the others have expired", "books:read")
}

// Also if two replicas remind at once, and however late they are.
func TestExpiryMailedOnce(t *testing.T) {
	t.Parallel()
	w, id := newWorld(t)
	const day = 24 * time.Hour
	for name, lifetime := range map[string]time.Duration{"a month": 30 * day, "three days": 3 * day, "an hour": time.Hour, "ended": 30 * day} {
		made, err := w.Create(t.Context(), personal.Creation{Account: id, Name: name, Scopes: []string{"books:read"}, Lifetime: lifetime})
		if err != nil {
			t.Fatal(err)
		}
		if name == "ended" {
			authtest.WantCode(t, "end", w.End(t.Context(), id, made.ID), "")
		}
	}
	told := func() string {
		t.Helper()
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				if err := w.reminder().Once(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		text := w.Text(`SELECT string_agg(kind || ' ' || recipient || ' ' || (data->>'name'), ', ') FROM mails`)
		w.SQL(`DELETE FROM mails`)
		return text
	}
	if got := told(); got != "" {
		t.Errorf("when they were made: %s", got)
	}
	for _, step := range []struct {
		after time.Duration
		want  string
	}{
		{2*day + time.Hour, "token_ends " + ada + " three days"}, {20 * day, ""}, {day, "token_ends " + ada + " a month"}, {day, ""}, {5 * day, "token_ends " + ada + " a month"}, {7 * day, ""},
	} {
		w.Clock.Move(step.after)
		if got := told(); got != step.want {
			t.Errorf("%v later: %q, want %q", step.after, got, step.want)
		}
	}
}

func TestOwnerWithoutAVerifiedAddressIsToldNothing(t *testing.T) {
	t.Parallel()
	w, id := newWorld(t)
	w.SQL(`UPDATE accounts SET email_verified_at = NULL`)
	if _, err := w.Create(t.Context(), personal.Creation{Account: id, Name: "backup", Scopes: []string{"books:read"}, Lifetime: 48 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	w.Clock.Move(25 * time.Hour)
	if err := w.reminder().Once(t.Context()); err != nil || w.Text(`SELECT count(*) FROM mails`) != "0" {
		t.Errorf("%v, %s mails", err, w.Text(`SELECT count(*) FROM mails`))
	}
}

func (w *world) reminder() personal.Reminder {
	return personal.Reminder{Tokens: w.Service, People: w.People, Mails: w.Mails, Now: w.Clock.Now, Log: slog.New(slog.DiscardHandler)}
}

func TestTokenDiesAtItsEnd(t *testing.T) {
	t.Parallel()
	w, id := newWorld(t)
	made := w.make(id, "backup", "books:read")
	w.Clock.Move(time.Hour - time.Second)
	if !w.IsLive(made.Secret) {
		t.Error("it died early")
	}
	w.Clock.Move(2 * time.Second)
	if w.IsLive(made.Secret) {
		t.Error("it outlived its end")
	}
	if listed, err := w.List(t.Context(), id); err != nil || len(listed) != 0 {
		t.Errorf("listed %+v, %v", listed, err)
	}
}
