package client_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/authtest"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

// inUse is a world with an app that Ada has let in, and that draws tokens for itself.
type inUse struct {
	*world
	made          client.Credentials
	theirs, other token.Token
}

func newInUse(t *testing.T) *inUse {
	t.Helper()
	w := &inUse{world: newWorld(t, devtest.Redis(t))}
	base := w.base
	base.SQL(`INSERT INTO roles (id, api_id, name, scopes) SELECT gen_random_uuid(), id, 'reader', '{books:read}' FROM apis`)
	both := anApp(func(r *client.Registration) {
		r.Grants, r.FirstParty = append(r.Grants, client.ClientCredentials), true
	})
	w.made = w.register(both)
	w.theirs, w.other = w.letIn(w.made.ID), w.letIn(w.register(both).ID)
	return w
}

// letIn gives a token with which the client acts for a new person.
func (w *inUse) letIn(id uuid.UUID) token.Token {
	w.t.Helper()
	person := w.base.Register(uuid.NewString()+"@books.test", "violet teapot marches north")
	issued, err := w.base.Authorizations.Issue(w.t.Context(), audit.Event{Verb: audit.SignInToApp}, authorization.Request{
		Kind: authorization.App, Subject: authorization.Account(person), Client: id, Scopes: []string{"openid"}, Lifetime: time.Hour,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return issued.Token
}

func (w *inUse) draw() (token.Token, error) {
	issued, err := w.base.Authorizations.Draw(w.t.Context(), authorization.Drawing{Client: w.made.ID, Audiences: []string{"books"}, Lifetime: time.Hour, PerSecond: 100, Alive: 100})
	return issued.Token, err
}

func TestEndOfAClientEndsAllOfItAndItStaysUsable(t *testing.T) {
	t.Parallel()
	w := newInUse(t)
	own, err := w.draw()
	if err != nil || !w.base.IsLive(own) || !w.base.IsLive(w.theirs) {
		t.Fatalf("nothing to end: %v", err)
	}
	authtest.WantCode(t, "end", w.End(t.Context(), w.made.ID), "")
	if w.base.IsLive(own) || w.base.IsLive(w.theirs) {
		t.Error("a token of the client lives on")
	}
	if !w.base.IsLive(w.other) {
		t.Error("a token of another client is dead")
	}
	if again, err := w.draw(); err != nil || !w.base.IsLive(again) {
		t.Errorf("the client is of no use: %v", err)
	}
	if verbs := w.base.Text(`SELECT string_agg(verb, ' ') FROM events WHERE verb = 'client.end' AND subject = $1`, w.made.ID); verbs != "client.end" {
		t.Errorf("recorded: %q", verbs)
	}
	authtest.WantCode(t, "an unknown client", w.End(t.Context(), uuid.New()), fault.ClientNotFound)
	authtest.WantCode(t, "disable", w.Disable(t.Context(), w.made.ID), "")
	authtest.WantCode(t, "a disabled client", w.End(t.Context(), w.made.ID), fault.ClientNotFound)
	if _, err := w.draw(); fault.CodeOf(err) != fault.InvalidClient {
		t.Errorf("a disabled client draws a token: %v", err)
	}
}

func TestWhatAClientMayDoLessEndsItsTokens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*client.Registration)
		ends   bool
	}{
		"the name":               {func(r *client.Registration) { r.Name = "Other" }, false},
		"one more redirect URI":  {func(r *client.Registration) { r.RedirectURIs = append(r.RedirectURIs, "https://app.test/b") }, false},
		"an API taken":           {func(r *client.Registration) { r.Audiences = []string{"shop"} }, true},
		"an API in place":        {func(r *client.Registration) { r.Audiences[0] = "shop" }, true},
		"an API more":            {func(r *client.Registration) { r.Audiences = append(r.Audiences, "shop") }, false},
		"a grant taken":          {func(r *client.Registration) { r.Grants = r.Grants[:2] }, true},
		"no longer of the owner": {func(r *client.Registration) { r.FirstParty = false }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newInUse(t)
			w.sql(`INSERT INTO apis (id, audience, scopes) VALUES (gen_random_uuid(), 'shop', '{shop:buy}')`)
			authtest.WantCode(t, "change", w.Change(t.Context(), w.made.ID, c.change), "")
			if w.base.IsLive(w.theirs) == c.ends || !w.base.IsLive(w.other) {
				t.Errorf("its token lives: %v, that of another client: %v", w.base.IsLive(w.theirs), w.base.IsLive(w.other))
			}
		})
	}
}
