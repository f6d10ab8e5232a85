package authorization_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify"
)

// estate is one authorization of each kind for one person, and a second sign-in. The app is
// a child of the first sign-in, the exchanged token a child of the app.
type estate struct {
	client uuid.UUID // has the apps
	made   map[string]authorization.Issued
}

// names of the authorizations of an estate. A kind without a name fails
// TestEveryKindIsTested.
const (
	acting   = "the acting session"
	other    = "another session"
	app      = "an app of the acting session"
	otherApp = "an app of its own"
	exchange = "exchanged by the app"
	personal = "a personal token"
	program  = "the client's own token"
	theirs   = "another person's session"
	theirApp = "the client's app of another person"
)

var quoted = regexp.MustCompile("'([a-z]+)'")

func (w *world) issue(r authorization.Request) authorization.Issued {
	w.t.Helper()
	if r.Lifetime == 0 {
		r.Lifetime = time.Hour
	}
	if r.Subject == (authorization.Subject{}) {
		r.Subject = authorization.Account(w.account)
	}
	made, err := w.Issue(w.t.Context(), act(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

func (w *world) estate() estate {
	w.t.Helper()
	e := estate{client: uuid.Must(uuid.NewV7()), made: map[string]authorization.Issued{}}
	grace := authorization.Account(w.newAccount(uuid.NewString() + "@books.test"))
	e.made[acting] = w.issue(authorization.Request{Kind: authorization.Session})
	e.made[other] = w.issue(authorization.Request{Kind: authorization.Session})
	e.made[app] = w.issue(authorization.Request{Kind: authorization.App, Client: e.client, Parent: e.made[acting].ID})
	e.made[otherApp] = w.issue(authorization.Request{Kind: authorization.App, Client: e.client})
	e.made[exchange] = w.issue(authorization.Request{Kind: authorization.Exchange, Client: e.client, Parent: e.made[app].ID})
	e.made[personal] = w.issue(authorization.Request{Kind: authorization.Personal})
	e.made[program] = w.issue(authorization.Request{Kind: authorization.Program, Subject: authorization.Subject{ID: e.client, Client: true}})
	e.made[theirs] = w.issue(authorization.Request{Kind: authorization.Session, Subject: grace})
	e.made[theirApp] = w.issue(authorization.Request{Kind: authorization.App, Subject: grace, Client: e.client})
	return e
}

// event is an event that ends authorizations, or must not.
type event struct {
	name string
	do   func(w *world, e estate) error
	ends []string
}

func (w *world) asOwner(work func(ctx context.Context, tx *authorization.Tx) error) error {
	return w.Change(context.Background(), authorization.Account(w.account), act(), work)
}

// events is the table of the design: which event ends which kind.
func events() []event {
	signIns := []string{acting, other, app, otherApp, exchange}
	everything := append(slices.Clone(signIns), personal)
	return []event{
		{"sign-out", func(w *world, e estate) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error {
				return tx.End(ctx, e.made[acting].ID, authorization.SignedOut)
			})
		}, []string{acting, app, exchange}},
		{"another session ended", func(w *world, e estate) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error {
				return tx.End(ctx, e.made[other].ID, authorization.EndedByOwner)
			})
		}, []string{other}},
		{"an app's authorization ended", func(w *world, e estate) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error {
				return tx.End(ctx, e.made[app].ID, authorization.TokenRevoked)
			})
		}, []string{app, exchange}},
		{"a personal token ended", func(w *world, e estate) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error {
				return tx.End(ctx, e.made[personal].ID, authorization.EndedByOwner)
			})
		}, []string{personal}},
		{"the others ended, or the password changed", func(w *world, e estate) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.EndSignIns(ctx, e.made[acting].ID) })
		}, []string{other, otherApp}},
		{"the others ended by an app", func(w *world, e estate) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.EndSignIns(ctx, e.made[exchange].ID) })
		}, []string{other, otherApp}},
		{"all sessions ended", func(w *world, e estate) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.EndSignIns(ctx, uuid.Nil) })
		}, signIns},
		{"everything ended, or the password reset", func(w *world, e estate) error { return w.asOwner(endAll) }, everything},
		{"the account disabled", func(w *world, e estate) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.Disable(ctx) })
		}, everything},
		{"the account disabled and enabled", func(w *world, e estate) error {
			return errors.Join(w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.Disable(ctx) }),
				w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.Enable(ctx) }))
		}, everything},
		{"the account deleted", func(w *world, e estate) error {
			return w.asOwner(changed(statement("DELETE FROM accounts WHERE id = $1", w.account), (*authorization.Tx).Erase))
		}, everything},
		{"an app ended by its owner", func(w *world, e estate) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.EndApp(ctx, e.client) })
		}, []string{app, otherApp, exchange}},
		{"the client disabled", func(w *world, e estate) error {
			return w.Change(context.Background(), authorization.Subject{ID: e.client, Client: true}, act(),
				func(ctx context.Context, tx *authorization.Tx) error { return tx.Disable(ctx) })
		}, []string{app, otherApp, exchange, program, theirApp}},
		{"all of the client ended", func(w *world, e estate) error {
			return w.Change(context.Background(), authorization.Subject{ID: e.client, Client: true}, act(), endAll)
		}, []string{app, otherApp, exchange, program, theirApp}},
		{"the name changed", func(w *world, e estate) error { return w.rename(w.account, "Ada") }, nil},
		{"the roles changed", func(w *world, e estate) error {
			return w.assignments(w.account, "DELETE FROM role_assignments")
		}, nil},
	}
}

func endAll(ctx context.Context, tx *authorization.Tx) error { return tx.EndAll(ctx) }

func TestEveryEventEndsExactlyWhatTheTableSays(t *testing.T) {
	t.Parallel()
	for _, c := range events() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			e := w.estate()
			for name, made := range e.made {
				if !w.live(made) {
					t.Fatalf("%s is dead before", name)
				}
			}
			if err := c.do(w, e); err != nil {
				t.Fatal(err)
			}
			w.wantEnded(e, c.ends, "")
			// A rebuild of an empty Redis gives the same result.
			if err := w.redis.FlushDB(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			w.rebuild()
			w.wantEnded(e, c.ends, " after a rebuild")
		})
	}
}

func (w *world) wantEnded(e estate, ends []string, when string) {
	w.t.Helper()
	for name, made := range e.made {
		if alive := w.live(made); alive == slices.Contains(ends, name) {
			w.t.Errorf("%s%s: alive %v", name, when, alive)
		}
	}
}

func (w *world) live(i authorization.Issued) bool {
	w.t.Helper()
	_, err := w.verifier.Verify(w.t.Context(), i.Token.Reveal())
	if err != nil && !errors.Is(err, verify.ErrInvalidToken) {
		w.t.Fatal(err)
	}
	return err == nil
}

// A new kind must be added to the table.
func TestEveryKindIsTested(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tried := map[authorization.Kind]bool{}
	for _, made := range w.estate().made {
		tried[made.Kind] = true
	}
	var allowed string
	if err := w.db.QueryRow(t.Context(), `SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'authorizations_kind'`).Scan(&allowed); err != nil {
		t.Fatal(err)
	}
	for _, kind := range quoted.FindAllStringSubmatch(allowed, -1) {
		if !tried[authorization.Kind(kind[1])] {
			t.Errorf("an authorization of the kind %s is in no row of the table of events", kind[1])
		}
	}
	if len(tried) == 0 {
		t.Error("nothing is tried")
	}
}

// Ending an authorization in the middle of a chain ends its descendants, and no more.
func TestChainEndsFromTheMiddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := uuid.Must(uuid.NewV7())
	chain := []authorization.Issued{w.issue(authorization.Request{Kind: authorization.Session})}
	for len(chain) < 8 {
		chain = append(chain, w.issue(authorization.Request{Kind: authorization.Exchange, Client: client, Parent: chain[len(chain)-1].ID}))
	}
	sibling := w.issue(authorization.Request{Kind: authorization.Exchange, Client: client, Parent: chain[3].ID})
	_, err := w.Issue(t.Context(), act(), authorization.Request{Kind: authorization.Exchange, Subject: authorization.Account(w.account), Client: client, Parent: chain[7].ID, Lifetime: time.Hour})
	wantCode(t, err, fault.SessionNotFound) // nine deep

	if err := w.asOwner(func(ctx context.Context, tx *authorization.Tx) error {
		return tx.End(ctx, chain[4].ID, authorization.EndedByOwner)
	}); err != nil {
		t.Fatal(err)
	}
	for n, made := range chain {
		if w.live(made) != (n < 4) {
			t.Errorf("%d deep: alive %v", n, n >= 4)
		}
	}
	if !w.live(sibling) {
		t.Error("what hangs beside it ended")
	}
	_, err = w.Issue(t.Context(), act(), authorization.Request{Kind: authorization.Exchange, Subject: authorization.Account(w.account), Client: client, Parent: chain[5].ID, Lifetime: time.Hour})
	wantCode(t, err, fault.SessionNotFound) // its parent has ended
}

// A child lives no longer than its parent.
func TestChildEndsWithItsChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	parent := w.issue(authorization.Request{Kind: authorization.Session, Lifetime: lifetime})
	child := w.issue(authorization.Request{Kind: authorization.App, Client: uuid.Must(uuid.NewV7()), Parent: parent.ID, Lifetime: lifetime})
	if !child.ExpiresAt.Equal(parent.IdleExpiresAt) || !child.IdleExpiresAt.IsZero() {
		t.Errorf("it ends %v and %v, want %v and no idle end", child.ExpiresAt, child.IdleExpiresAt, parent.IdleExpiresAt)
	}
	if p, err := w.verifier.Verify(t.Context(), child.Token.Reveal()); err != nil || p.Client == "" || !p.ExpiresAt.Equal(child.ExpiresAt) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestNothingIsIssuedToDisabledSubjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.estate()
	disable := func(s authorization.Subject) {
		if err := w.Change(t.Context(), s, act(), func(ctx context.Context, tx *authorization.Tx) error { return tx.Disable(ctx) }); err != nil {
			t.Fatal(err)
		}
	}
	client := authorization.Subject{ID: e.client, Client: true}
	disable(client)
	_, err := w.Issue(t.Context(), act(), authorization.Request{Kind: authorization.Program, Subject: client, Lifetime: time.Hour})
	wantCode(t, err, fault.InvalidClient)
	_, err = w.Issue(t.Context(), act(), authorization.Request{Kind: authorization.App, Subject: authorization.Account(w.account), Client: e.client, Lifetime: time.Hour})
	wantCode(t, err, fault.InvalidClient)
	disable(authorization.Account(w.account))
	_, err = w.Issue(t.Context(), act(), authorization.Request{Kind: authorization.Session, Subject: authorization.Account(w.account), Lifetime: time.Hour})
	wantCode(t, err, fault.AccountDisabled)
}

// The token of a program belongs to no person. It is rebuilt, synced and narrowed like any
// other, but not touched: it has no idle timeout.
func TestTokenOfAProgram(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.relay()
	w.grant("books", "books:read", "books:write")
	client := authorization.Subject{ID: uuid.Must(uuid.NewV7()), Client: true}
	if err := w.ChangeAssignments(t.Context(), client, act(), statement(`INSERT INTO role_assignments SELECT $1, id FROM roles`, client.ID)); err != nil {
		t.Fatal(err)
	}
	made := w.issue(authorization.Request{Kind: authorization.Program, Subject: client})
	want := func(when string, scopes ...string) {
		t.Helper()
		p, err := w.verifier.Verify(t.Context(), made.Token.Reveal())
		if err != nil || p.Kind != verify.KindClient || p.Subject != client.ID.String() || p.Email != "" || !slices.Equal(p.Scopes, scopes) || !p.IdleExpiresAt.IsZero() || !p.AuthenticatedAt.IsZero() {
			t.Fatalf("%s: %+v, %v; want %q", when, p, err, scopes)
		}
	}
	want("issued", "books:read", "books:write")
	if err := w.roles(`UPDATE roles SET scopes = '{books:read}'`); err != nil {
		t.Fatal(err)
	}
	want("narrowed", "books:read")
	w.touch()
	if err := w.redis.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	w.rebuild()
	want("rebuilt", "books:read")
	// A record that cannot be read is rewritten.
	w.sql(`INSERT INTO outbox (id, selector, target) SELECT gen_random_uuid(), 'token', hash FROM access_tokens WHERE authorization_id = $1`, made.ID)
	devtest.Eventually(t, "synced", func() bool { return w.count("SELECT count(*) FROM outbox WHERE done_at IS NULL") == 0 })
	want("synced", "books:read")
	if err := w.Change(t.Context(), client, act(), endAll); err != nil {
		t.Fatal(err)
	}
	if w.live(made) {
		t.Error("alive after its client's end")
	}
}
