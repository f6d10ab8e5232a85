package authorization_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/verify"
)

// relay runs the relay until the test ends.
func (w *world) relay() {
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.Relay(ctx) })
	w.t.Cleanup(func() {
		stop()
		running.Wait()
	})
}

func TestRevocationIsSyncedWhenRedisIsBack(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(*devtest.Proxy){"cut": (*devtest.Proxy).Cut, "stalled": (*devtest.Proxy).Stall} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := devtest.NewProxy(t, devtest.Redis(t))
			w := newWorldOn(t, schematest.Database(t), proxy.URL)
			o := w.open()
			w.relay()
			breakIt(proxy)
			wantCode(t, w.endAll(), fault.StoreUnavailable)
			if _, err := w.verify(o); !errors.Is(err, verify.ErrUnavailable) {
				t.Errorf("while Redis is away: %v, want ErrUnavailable", err)
			}
			proxy.Restore()
			devtest.Eventually(t, "the token is dead", func() bool {
				_, err := w.verify(o)
				return errors.Is(err, verify.ErrInvalidToken)
			})
			devtest.Eventually(t, "the queue is empty", func() bool { return w.count("SELECT count(*) FROM outbox WHERE done_at IS NULL") == 0 })
		})
	}
}

// A replica that dies between commit and delete leaves its selectors in the outbox.
func TestRelayFinishesWhatAnotherReplicaBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dead, live := w.open(), w.open()
	w.sql("UPDATE authorizations SET revoked_at = now() WHERE id = $1", dead.ID)
	w.sql("UPDATE accounts SET name = 'Ada'")
	w.sql("INSERT INTO outbox (id, selector, target) SELECT id, 'tree', uuid_send(root_id) FROM authorizations")
	if !w.alive(dead) {
		t.Fatal("the record is gone already")
	}
	w.relay()
	devtest.Eventually(t, "the ended token is dead", func() bool { return !w.alive(dead) })
	devtest.Eventually(t, "the live token is up to date", func() bool { i, err := w.verify(live); return err == nil && i.Name == "Ada" })
	devtest.Eventually(t, "the queue is empty", func() bool { return w.count("SELECT count(*) FROM outbox WHERE done_at IS NULL") == 0 })
}

func TestFailedSignInWithoutRedisLeavesNothing(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Redis(t))
	w := newWorldOn(t, schematest.Database(t), proxy.URL)
	proxy.Cut()
	_, err := w.signIn(t.Context(), w.account)
	wantCode(t, err, fault.StoreUnavailable)
	if n := w.count("SELECT count(*) FROM authorizations"); n != 0 {
		t.Errorf("%d sessions that nobody has a token of", n)
	}
	proxy.Restore()
	devtest.Eventually(t, "sign-in works again", func() bool {
		_, err := w.signIn(t.Context(), w.account)
		return err == nil
	})
}

func TestVerificationContinuesWithoutPostgres(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, schematest.Database(t))
	w := newWorldOn(t, proxy.URL, devtest.Redis(t))
	o := w.open()
	proxy.Cut()
	if !w.alive(o) {
		t.Error("the token died with Postgres")
	}
	_, err := w.signIn(t.Context(), w.account)
	wantCode(t, err, fault.StoreUnavailable)
	wantCode(t, w.endAll(), fault.StoreUnavailable)
	_, err = w.sessions.List(t.Context(), w.account)
	wantCode(t, err, fault.StoreUnavailable)
	if !w.alive(o) {
		t.Error("a revocation that was refused ended the token")
	}
	proxy.Restore()
	devtest.Eventually(t, "revocation works again", func() bool {
		return w.endAll() == nil
	})
	if w.alive(o) {
		t.Error("alive after the revocation")
	}
}

// The central guarantee: when a revoke-all is answered, no earlier token is alive, and a
// password change leaves none that was issued with the old password.
func TestNoTokenSurvivesARacingRevocation(t *testing.T) {
	t.Parallel()
	const rounds, signIns = 300, 3
	w := newWorld(t)
	w.relay()
	won := 0
	for round := range rounds {
		version := int64(round + 1)
		var mu sync.Mutex
		var opened []session.Opened
		var all sync.WaitGroup
		begin := make(chan struct{})
		for range signIns {
			all.Go(func() {
				<-begin
				o, err := w.signInWith(context.Background(), w.account, version)
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					opened = append(opened, o)
				} else if fault.CodeOf(err) != fault.InvalidCredentials {
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		all.Go(func() {
			<-begin
			err := w.Change(context.Background(), authorization.Account(w.account), act(),
				changed(statement("UPDATE accounts SET password_version = $2 WHERE id = $1", w.account, version+1), (*authorization.Tx).EndAll))
			if err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		})
		close(begin)
		all.Wait()
		for _, o := range opened {
			if w.alive(o) {
				t.Fatalf("round %d: a token survived", round)
			}
		}
		won += len(opened)
	}
	if live := w.listed(); live != 0 {
		t.Errorf("%d sessions survived", live)
	}
	// If all were before or all after the change, there was no race.
	t.Logf("%d of %d sign-ins came before the change", won, rounds*signIns)
	if won == 0 || won == rounds*signIns {
		t.Errorf("%d of %d sign-ins won: there was no race", won, rounds*signIns)
	}
}

// Sign-ins race with a revoke-all without a password change. A session that is alive after
// it is listed.
func TestEveryLiveTokenIsListedAfterARace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for round := range 200 {
		var opened session.Opened
		var all sync.WaitGroup
		all.Go(func() {
			o, err := w.signIn(context.Background(), w.account)
			if err != nil {
				t.Error(err)
			}
			opened = o
		})
		all.Go(func() {
			if err := w.endAll(); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		listed, err := w.sessions.List(t.Context(), w.account)
		if err != nil {
			t.Fatal(err)
		}
		if w.alive(opened) != (len(listed) == 1) {
			t.Fatalf("round %d: alive %v, listed %d", round, w.alive(opened), len(listed))
		}
		if err := w.endAll(); err != nil {
			t.Fatal(err)
		}
	}
}
