package authorization_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/session"
)

func TestSessionUnusedLongestMakesRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	television := w.open() // the oldest, but always used
	var others []session.Opened
	for range authorization.MaxSessions - 1 {
		w.clock.Move(time.Second)
		others = append(others, w.open())
	}
	w.sql("UPDATE authorizations SET used_at = now() + interval '1 day' WHERE id = $1", television.ID)
	child := w.issue(authorization.Request{Kind: authorization.App, Client: television.ID, Parent: others[0].ID}) // any id can be a client's here
	if n := w.listed(); n != authorization.MaxSessions {
		t.Fatalf("%d sessions before", n)
	}
	newest := w.open()
	if w.alive(others[0]) || w.live(child) {
		t.Error("the session unused longest, or its child, is alive when the sign-in is answered")
	}
	if !w.alive(television) || !w.alive(others[1]) || !w.alive(newest) {
		t.Error("another one ended")
	}
	if n := w.listed(); n != authorization.MaxSessions {
		t.Errorf("%d sessions after", n)
	}
}

func TestSignInsThatRaceKeepToTheLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.relay()
	w.fill(w.account, authorization.MaxSessions-2)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				if _, err := w.signIn(context.Background(), w.account); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := w.listed(); n != authorization.MaxSessions {
		t.Errorf("%d sessions, want %d", n, authorization.MaxSessions)
	}
	if n := w.recordsLeft(); n > authorization.MaxSessions {
		t.Errorf("%d records of %d live tokens", n, authorization.MaxSessions)
	}
}

// An account from before the limit may have many more. Each sign-in ends some of them, so
// that it does not take too long.
func TestSignInOfAnAccountWithFarTooManyEndsSome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(w.account, 5*authorization.MaxSessions)
	w.open()
	if n := w.listed(); n >= 5*authorization.MaxSessions || n < 4*authorization.MaxSessions {
		t.Errorf("%d sessions are left", n)
	}
}
