package authorization_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

const accessLifetime = 15 * time.Minute

// letIn issues an app's authorization that can be refreshed.
func (w *world) letIn(r authorization.Request) authorization.Issued {
	w.t.Helper()
	r.Kind, r.Refreshable, r.TokenLifetime = authorization.App, true, accessLifetime
	if r.Client == uuid.Nil {
		r.Client = uuid.Must(uuid.NewV7())
	}
	if r.Lifetime == 0 {
		r.Lifetime = lifetime
	}
	made := w.issue(r)
	if made.Refresh.Reveal() == "" || !w.live(made) {
		w.t.Fatal("no refresh token, or no access token that is alive")
	}
	return made
}

func (w *world) refresh(with authorization.Issued, scopes ...string) (authorization.Issued, error) {
	w.t.Helper()
	return w.Refresh(context.Background(), authorization.Renewal{Refresh: with.Refresh.Reveal(), Client: with.Client, Scopes: scopes, TokenLifetime: accessLifetime})
}

func (w *world) mustRefresh(with authorization.Issued, scopes ...string) authorization.Issued {
	w.t.Helper()
	next, err := w.refresh(with, scopes...)
	if err != nil {
		w.t.Fatal(err)
	}
	return next
}

// leaveGrace makes the refreshes of a family older than the grace window.
func (w *world) leaveGrace(family uuid.UUID) {
	w.t.Helper()
	var rotations []byte
	if err := w.db.QueryRow(w.t.Context(), `SELECT rotations FROM refresh_tokens WHERE authorization_id = $1`, family).Scan(&rotations); err != nil {
		w.t.Fatal(err)
	}
	w.sql(`UPDATE refresh_tokens SET rotations = $2 WHERE authorization_id = $1`, family, authorization.AgeRotations(rotations, 31*time.Second))
}

func TestRefreshGivesASuccessorAndLeavesTheOldAccessTokenAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.letIn(authorization.Request{})
	second := w.mustRefresh(first)
	third := w.mustRefresh(second)
	for n, made := range []authorization.Issued{first, second, third} {
		if !w.live(made) || made.ID != first.ID {
			t.Errorf("access token %d is dead, or of another authorization", n)
		}
	}
	if left := time.Until(third.TokenExpiresAt); left > accessLifetime || left < accessLifetime-time.Minute {
		t.Errorf("the access token lives for %v, want %v", left, accessLifetime)
	}
	if n := w.count("SELECT count(*) FROM refresh_tokens"); n != 1 {
		t.Errorf("%d rows for one family", n)
	}
}

func TestRetryWithinTheGraceWindowGetsTheSameTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.letIn(authorization.Request{})
	lost := w.mustRefresh(first)
	w.redis.FlushDB(t.Context()) // Redis lost it as well, and was filled again
	w.redis.Set(t.Context(), token.RebuiltKey, "partly:", 0)
	again := w.mustRefresh(first)
	if again.Refresh != lost.Refresh || again.Token != lost.Token || !again.TokenExpiresAt.Equal(lost.TokenExpiresAt) {
		t.Error("the retry got other tokens")
	}
	if !w.live(again) {
		t.Error("the retry did not write the record again")
	}
	if n := w.count("SELECT count(*) FROM access_tokens"); n != 2 {
		t.Errorf("%d access tokens after one refresh and its retry, want 2", n)
	}
	// A second tab, whose request was on the way for longer, does not end the family either:
	// its window has not passed (sheaf-project/sheaf#239).
	next := w.mustRefresh(again)
	if late := w.mustRefresh(first); late.Refresh != again.Refresh || late.Token != again.Token {
		t.Error("a retry after its successor was used got other tokens")
	}
	w.leaveGrace(first.ID)
	if _, err := w.refresh(first); fault.CodeOf(err) != fault.InvalidGrant {
		t.Errorf("two generations later and after the window: %v", err)
	}
	if w.live(next) {
		t.Error("an old token was used, and the family lives")
	}
}

func TestReuseAfterTheGraceWindowEndsItsFamilyAndNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.issue(authorization.Request{Kind: authorization.Session})
	client := uuid.Must(uuid.NewV7())
	first := w.letIn(authorization.Request{Client: client, Parent: session.ID})
	neighbour := w.letIn(authorization.Request{Client: client, Parent: session.ID})
	second := w.mustRefresh(first)
	w.leaveGrace(first.ID)
	if _, err := w.refresh(first); fault.CodeOf(err) != fault.InvalidGrant {
		t.Errorf("the reuse: %v", err)
	}
	if w.live(first) || w.live(second) {
		t.Error("an access token of the family is alive")
	}
	if _, err := w.refresh(second); fault.CodeOf(err) != fault.InvalidGrant {
		t.Errorf("the newest token of the family: %v", err)
	}
	if !w.live(neighbour) || !w.live(session) {
		t.Error("the neighbour or the session ended")
	}
	w.mustRefresh(neighbour)
	if n := w.count("SELECT count(*) FROM authorizations WHERE revoked_reason = 'refresh_reused'"); n != 1 {
		t.Errorf("%d authorizations ended for reuse", n)
	}
	if n := w.count("SELECT count(*) FROM events WHERE verb = 'token.reused'"); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestManyRefreshesAtOnceGetOneSuccessor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.letIn(authorization.Request{})
	const clients = 64
	results := make(chan authorization.Issued, clients)
	replicas := []*authorization.Service{w.Service, w.replica()}
	var all sync.WaitGroup
	for n := range clients {
		all.Go(func() {
			next, err := replicas[n%2].Refresh(context.Background(), authorization.Renewal{Refresh: first.Refresh.Reveal(), Client: first.Client, TokenLifetime: accessLifetime})
			if err != nil {
				t.Errorf("refresh %d: %v", n, err)
			}
			results <- next
		})
	}
	all.Wait()
	one := <-results
	for range clients - 1 {
		if other := <-results; other.Refresh != one.Refresh || other.Token != one.Token {
			t.Fatal("two successors of one token")
		}
	}
	w.mustRefresh(one)
}

func TestEndedFamilyCannotBeRefreshedEvenWithinTheGraceWindow(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world, session, app authorization.Issued) error{
		"the app ended by its owner": func(w *world, _, app authorization.Issued) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.EndApp(ctx, app.Client) })
		},
		"the session ended": func(w *world, session, _ authorization.Issued) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error {
				return tx.End(ctx, session.ID, authorization.SignedOut)
			})
		},
		"everything ended": func(w *world, _, _ authorization.Issued) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.EndAll(ctx) })
		},
		"the account disabled": func(w *world, _, _ authorization.Issued) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.Disable(ctx) })
		},
		"the client ended": func(w *world, _, app authorization.Issued) error {
			return w.Change(context.Background(), authorization.Subject{ID: app.Client, Client: true}, act(), func(ctx context.Context, tx *authorization.Tx) error { return tx.EndAll(ctx) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			session := w.issue(authorization.Request{Kind: authorization.Session})
			first := w.letIn(authorization.Request{Parent: session.ID})
			second := w.mustRefresh(first)
			if err := end(w, session, first); err != nil {
				t.Fatal(err)
			}
			for which, made := range map[string]authorization.Issued{"one before": first, "newest": second} {
				if _, err := w.refresh(made); fault.CodeOf(err) != fault.InvalidGrant {
					t.Errorf("the %s: %v", which, err)
				}
				if w.live(made) {
					t.Errorf("the access token of the %s is alive", which)
				}
			}
		})
	}
}

func TestRefreshTokenOfAnotherClientIsRefusedAndEndsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.letIn(authorization.Request{})
	stolen := made
	stolen.Client = w.letIn(authorization.Request{}).Client
	if _, err := w.refresh(stolen); fault.CodeOf(err) != fault.InvalidGrant {
		t.Errorf("with another client: %v", err)
	}
	w.mustRefresh(made)
}

func TestMadeUpRefreshTokenIsRefusedWithoutAStatement(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, schematest.Database(t))
	w := newWorldOn(t, proxy.URL, "")
	proxy.Cut()
	for _, text := range []string{"", "brt_s1_" + fmt.Sprintf("%081d", 7), "bat_k1_abc"} {
		if _, err := w.Refresh(t.Context(), authorization.Renewal{Refresh: text, Client: uuid.New()}); fault.CodeOf(err) != fault.InvalidGrant {
			t.Errorf("%q: %v", text, err)
		}
	}
	proxy.Restore()
}

func TestRefreshNarrowsOneAccessTokenAndNotTheFamily(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read", "books:write")
	first := w.letIn(authorization.Request{Scopes: []string{"books:read", "books:write", "openid", "unknown"}})
	if want := []string{"books:read", "books:write", "openid"}; !slices.Equal(first.Scopes, want) {
		t.Fatalf("granted %q, want %q", first.Scopes, want)
	}
	narrow := w.mustRefresh(first, "books:read")
	if got := w.scopes(narrow); !slices.Equal(got, []string{"books:read"}) || !slices.Equal(narrow.Scopes, got) {
		t.Errorf("the narrower token has %q, told %q", got, narrow.Scopes)
	}
	if _, err := w.refresh(narrow, "books:read", "account"); fault.CodeOf(err) != fault.InvalidScope {
		t.Errorf("a scope that was not granted: %v", err)
	}
	if got := w.scopes(w.mustRefresh(narrow)); !slices.Equal(got, first.Scopes) {
		t.Errorf("the next token has %q, want all: %q", got, first.Scopes)
	}
	w.sql(`DELETE FROM role_assignments`)
	if err := w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.Rewrite(ctx) }); err != nil {
		t.Fatal(err)
	}
	if got := w.scopes(first); !slices.Equal(got, []string{"openid"}) {
		t.Errorf("after the role was taken the token has %q", got)
	}
}

func (w *world) scopes(made authorization.Issued) []string {
	w.t.Helper()
	p, err := w.verifier.Verify(w.t.Context(), made.Token.Reveal())
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Scopes
}

func TestRefreshCountsAsAUseOfTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.issue(authorization.Request{Kind: authorization.Session, Lifetime: lifetime})
	app := w.letIn(authorization.Request{Parent: session.ID})
	for range 3 {
		w.clock.Move(idle - time.Hour)
		app = w.mustRefresh(app)
		w.leaveGrace(app.ID)
	}
	if !w.live(session) || !w.live(app) {
		t.Error("a session that an app used every eleven hours ended after twelve without use")
	}
	w.clock.Move(idle + time.Second)
	if _, err := w.refresh(app); fault.CodeOf(err) != fault.InvalidGrant {
		t.Errorf("after the session's idle timeout: %v", err)
	}
}

func TestRefreshThatAStoreDidNotAnswerSucceedsWhenRepeated(t *testing.T) {
	t.Parallel()
	for name, which := range map[string]int{"Postgres": 0, "Redis": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxies := []*devtest.Proxy{devtest.NewProxy(t, schematest.Database(t)), devtest.NewProxy(t, devtest.Redis(t))}
			w := newWorldOn(t, proxies[0].URL, proxies[1].URL)
			made := w.letIn(authorization.Request{})
			for _, breakIt := range []func(*devtest.Proxy){(*devtest.Proxy).Cut, (*devtest.Proxy).Stall} {
				breakIt(proxies[which])
				if _, err := w.refresh(made); fault.CodeOf(err) != fault.StoreUnavailable {
					t.Errorf("while it is away: %v, want store_unavailable", err)
				}
				proxies[which].Restore()
				devtest.Eventually(t, "the same request succeeds", func() bool {
					next, err := w.refresh(made)
					if err == nil {
						made = next
					}
					return err == nil
				})
				if !w.live(made) {
					t.Error("the access token is dead")
				}
			}
		})
	}
}

func TestNonceIsForgottenAfterTheGraceWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.mustRefresh(w.letIn(authorization.Request{}))
	w.sql(`UPDATE refresh_tokens SET rotated_at = rotated_at - interval '10 minutes'`)
	if _, err := w.SweepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.count("SELECT count(*) FROM refresh_tokens WHERE rotations <> ''"); n != 0 {
		t.Error("the nonce of a refresh ten minutes ago is still stored")
	}
	w.mustRefresh(made)
}

// The grace window is measured by the clock of Postgres, whatever that of a replica says.
func TestSweepByAClockThatIsAheadEndsNoHonestFamily(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.letIn(authorization.Request{})
	lost := w.mustRefresh(first)
	w.clock.Move(5 * time.Minute)
	if _, err := w.SweepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, err := w.refresh(first); err != nil || again.Refresh != lost.Refresh {
		t.Errorf("the retry after the sweep: %v", err)
	}
}

func TestOldestAppMakesRoomForOneMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := uuid.Must(uuid.NewV7())
	other := w.letIn(authorization.Request{})
	var made []authorization.Issued
	for range authorization.MaxApps {
		w.clock.Move(time.Second)
		made = append(made, w.letIn(authorization.Request{Client: client}))
	}
	w.clock.Move(time.Second)
	made[0] = w.mustRefresh(made[0]) // used last
	newest := w.letIn(authorization.Request{Client: client})
	if w.live(made[1]) {
		t.Error("the one unused longest is alive")
	}
	if !w.live(made[0]) || !w.live(made[2]) || !w.live(newest) || !w.live(other) {
		t.Error("another one ended")
	}
}
