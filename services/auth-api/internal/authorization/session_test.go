package authorization_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/session"
)

func TestOpenedSessionVerifiesAsItsAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read", "books:write")
	w.grant("shop", "shop:buy")
	ip := netip.MustParseAddr("2001:db8::7")
	o, err := w.sessions.Open(t.Context(), session.Opening{Account: w.account, Origin: session.Origin{Device: strings.Repeat("ü", 200) + "\x00\xff", IP: ip}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.verify(o)
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != w.account.String() || got.Authorization != o.ID.String() || got.Email != "ada@books.test" ||
		!slices.Equal(got.Audiences, []string{"books", "shop"}) || !slices.Equal(got.Scopes, []string{"account", "books:read", "books:write", "shop:buy"}) ||
		!got.ExpiresAt.Equal(o.ExpiresAt) || !got.IdleExpiresAt.Equal(o.IdleExpiresAt) {
		t.Errorf("got %+v", got)
	}
	listed, err := w.sessions.List(t.Context(), w.account)
	if err != nil || len(listed) != 1 {
		t.Fatalf("listed %v, %v", listed, err)
	}
	if l := listed[0]; l.ID != o.ID || l.IP != ip || l.Device != strings.Repeat("ü", 128) || !l.ExpiresAt.Equal(o.ExpiresAt) || o.ID.Version() != 7 {
		t.Errorf("listed %+v", l)
	}
}

func TestTokenHasTheScopesThatWereAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read", "books:write")
	w.grant("shop", "shop:buy")
	for _, c := range []struct {
		wanted, scopes, audiences []string
		code                      fault.Code
	}{
		{wanted: []string{"books:read"}, scopes: []string{"books:read"}, audiences: []string{"books"}},
		{wanted: []string{"account"}, scopes: []string{"account"}},
		{wanted: []string{"shop:buy", "books:write", "books:write"}, scopes: []string{"books:write", "shop:buy"}, audiences: []string{"books", "shop"}},
		{wanted: []string{"books:read", "books:burn"}, code: fault.InvalidScope},
	} {
		o, err := w.signIn(t.Context(), w.account, c.wanted...)
		if c.code != "" {
			wantCode(t, err, c.code)
			continue
		}
		if err != nil || !slices.Equal(o.Scopes, c.scopes) || !slices.Equal(o.Audiences, c.audiences) {
			t.Errorf("wanted %v, got %v at %v, %v", c.wanted, o.Scopes, o.Audiences, err)
		}
	}
}

func TestRefusesToOpen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql     string
		version int64
		code    fault.Code
	}{
		"a disabled account":            {"UPDATE accounts SET status = 'disabled'", 1, fault.AccountDisabled},
		"a password that was changed":   {"UPDATE accounts SET password_version = 2", 1, fault.InvalidCredentials},
		"an account that was deleted":   {"DELETE FROM accounts", 1, fault.InvalidCredentials},
		"without a table to write into": {"DROP TABLE sessions", 1, fault.StoreUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.sql(c.sql)
			_, err := w.signInWith(t.Context(), w.account, c.version)
			wantCode(t, err, c.code)
			if n := w.redis.DBSize(t.Context()).Val(); n != 1 { // the rebuild marker
				t.Errorf("%d records left in Redis", n-1)
			}
		})
	}
}

func TestRevocationsEndTheRightSessions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		end   func(w *world, s [3]session.Opened) error
		alive [3]bool
	}{
		{"one", func(w *world, s [3]session.Opened) error { return w.end(s[1]) }, [3]bool{true, false, true}},
		{"the others", func(w *world, s [3]session.Opened) error {
			return w.sessions.EndAll(w.t.Context(), w.account, s[1].ID)
		}, [3]bool{false, true, false}},
		{"all", func(w *world, s [3]session.Opened) error { return w.endAll() }, [3]bool{}},
		{"all, as the account is disabled", func(w *world, s [3]session.Opened) error {
			return w.Change(w.t.Context(), authorization.Account(w.account), act(), func(ctx context.Context, tx *authorization.Tx) error { return tx.Disable(ctx) })
		}, [3]bool{}},
		{"all, as the account goes", func(w *world, s [3]session.Opened) error {
			return w.Change(w.t.Context(), authorization.Account(w.account), act(),
				changed(statement("DELETE FROM accounts WHERE id = $1", w.account), (*authorization.Tx).Erase))
		}, [3]bool{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mine := [3]session.Opened{w.open(), w.open(), w.open()}
			other := w.newAccount("grace@books.test")
			theirs, err := w.signIn(t.Context(), other)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.end(w, mine); err != nil {
				t.Fatal(err)
			}
			live := 0
			for i, o := range mine {
				if w.alive(o) != c.alive[i] {
					t.Errorf("session %d: alive %v, want %v", i, !c.alive[i], c.alive[i])
				}
				if c.alive[i] {
					live++
				}
			}
			if !w.alive(theirs) {
				t.Error("another account's session ended")
			}
			if listed, err := w.sessions.List(t.Context(), w.account); err != nil || len(listed) != live {
				t.Errorf("listed %d, %v; want %d", len(listed), err, live)
			}
			if n := w.count("SELECT count(*) FROM outbox WHERE done_at IS NULL"); n != 0 {
				t.Errorf("%d changes stay queued", n)
			}
		})
	}
}

func TestEndsOnlyOnesOwnSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.open()
	other := w.newAccount("grace@books.test")
	wantCode(t, w.sessions.End(t.Context(), other, mine.ID, authorization.SignedOut), fault.SessionNotFound)
	if !w.alive(mine) {
		t.Error("another account ended it")
	}
	if err := w.end(mine); err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.end(mine), fault.SessionNotFound)
}

func TestFailedChangeEndsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	refusal := fault.New(fault.WrongPassword, "no")
	err := w.Change(t.Context(), authorization.Account(w.account), act(), func(ctx context.Context, tx *authorization.Tx) error {
		if err := tx.EndAll(ctx); err != nil {
			return err
		}
		return refusal
	})
	wantCode(t, err, fault.WrongPassword)
	if !w.alive(o) || w.count("SELECT count(*) FROM outbox") != 0 {
		t.Error("a change that failed ended a session")
	}
}

func TestChangeShowsInLiveTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	live, ended := w.open(), w.open()
	if err := w.end(ended); err != nil {
		t.Fatal(err)
	}
	if err := w.rename(w.account, "Ada"); err != nil {
		t.Fatal(err)
	}
	if got, err := w.verify(live); err != nil || got.Name != "Ada" {
		t.Errorf("the live token says %q, %v", got.Name, err)
	}
	if w.alive(ended) {
		t.Error("a change brought an ended token back")
	}
	none := w.newAccount("grace@books.test")
	if err := w.rename(none, "Grace"); err != nil {
		t.Errorf("an account without sessions: %v", err)
	}
}

func TestSessionEndsWhenIdleAndAtItsLifetime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after time.Duration
		alive bool
	}{
		"just before the idle end": {12*time.Hour - 2*time.Second, true},
		"at the idle end":          {12 * time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			o := w.open()
			w.clock.Move(c.after)
			if w.alive(o) != c.alive {
				t.Errorf("alive: %v, want %v", !c.alive, c.alive)
			}
		})
	}
}

func TestSweepDeletesOnlyWhatEndedLongAgo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	revoked := w.open()
	if err := w.end(revoked); err != nil {
		t.Fatal(err)
	}
	w.open() // will have idled out
	for _, step := range []struct {
		move time.Duration
		gone int64
	}{{29 * 24 * time.Hour, 0}, {25 * time.Hour, 1}, {13 * time.Hour, 1}, {time.Hour, 0}} {
		w.clock.Move(step.move)
		if n, err := w.SweepOnce(t.Context()); err != nil || n != step.gone {
			t.Errorf("after another %v: deleted %d, %v; want %d", step.move, n, err, step.gone)
		}
	}
}
