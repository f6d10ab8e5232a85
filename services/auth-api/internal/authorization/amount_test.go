package authorization_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

// settled repeats a request while the answer is change_under_way, as clients should.
func settled(act func() error) error {
	for end := time.Now().Add(time.Minute); ; {
		err := act()
		if fault.CodeOf(err) != fault.ChangeUnderWay || time.Now().After(end) {
			return err
		}
	}
}

// The end of everything is recorded at once, and synced to Redis in pages.
func TestEndingDoesNotDependOnHowMuchEnds(t *testing.T) {
	t.Parallel()
	const many = 30_000
	w := newWorld(t)
	w.relay()
	mine := w.open()
	w.fill(w.account, many)
	w.rebuild()
	if n := w.recordsLeft(); n < many {
		t.Fatalf("%d records, so the test shows nothing", n)
	}
	began := time.Now()
	err := w.Change(t.Context(), authorization.Account(w.account), act(), func(ctx context.Context, tx *authorization.Tx) error {
		if err := tx.EndAll(ctx); err != nil {
			return err
		}
		t.Logf("recorded in %v", time.Since(began))
		return nil
	})
	if err != nil && fault.CodeOf(err) != fault.ChangeUnderWay {
		t.Fatal(err)
	}
	t.Logf("answered in %v: %v", time.Since(began), err)
	devtest.Eventually(t, "it is synced to Redis", func() bool { return w.count("SELECT count(*) FROM outbox WHERE done_at IS NULL") == 0 })
	if n := w.recordsLeft(); n != 0 {
		t.Errorf("%d records are left", n)
	}
	if w.alive(mine) || w.listed() != 0 {
		t.Error("a token is alive")
	}
}

// A change that affects many tokens does not delay one that affects few.
func TestSignOutDoesNotWaitForAChangeOfMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.open()
	many := w.newAccount("grace@books.test")
	w.fill(many, 20*500)
	w.sql(`INSERT INTO outbox (id, selector, target, epochs) VALUES (gen_random_uuid(), 'subject', uuid_send($1::uuid), '{1}')`, many)
	var carrying sync.WaitGroup
	carrying.Go(func() {
		for w.count("SELECT count(*) FROM outbox WHERE done_at IS NULL AND cursor IS NULL AND selector = 'subject'") > 0 {
		}
		if err := w.end(mine); err != nil {
			t.Error(err)
		}
		if w.count("SELECT count(*) FROM outbox WHERE done_at IS NULL AND selector = 'subject'") == 0 {
			t.Log("the change of many tokens was over, so this run shows nothing")
		}
		if w.alive(mine) {
			t.Error("alive after its sign-out was answered")
		}
	})
	w.relay()
	carrying.Wait()
}

// A replica may die after any page of a selector.
func TestRelayContinuesAtTheCursor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill(w.account, 1700)
	w.rebuild()
	w.sql(`UPDATE subjects SET epoch = epoch + 1`)
	w.sql(`INSERT INTO outbox (id, selector, target, epochs) SELECT id, 'subject', uuid_send(id), '{1}' FROM subjects`)
	for range 2 { // two pages, each by a replica that dies afterwards
		if err := w.replica().SyncPage(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.recordsLeft(); n != 700 {
		t.Fatalf("%d records after two pages, want 700", n)
	}
	w.relay()
	devtest.Eventually(t, "the rest is synced", func() bool { return w.recordsLeft() == 0 })
}

// The first attempt failed because a store did not answer. The repeated request succeeds
// when the change is synced.
func TestRepeatedRequestWaitsForThePendingChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	w.sql(`UPDATE authorizations SET revoked_at = now()`)
	w.sql(`INSERT INTO outbox (id, selector, target) SELECT id, 'tree', uuid_send(root_id) FROM authorizations`)
	if err := w.end(o); err != nil {
		t.Fatal(err)
	}
	if w.alive(o) {
		t.Error("alive after the answer")
	}
	if n := w.count("SELECT count(*) FROM outbox"); n != 1 {
		t.Errorf("%d selectors, want the one that was there", n)
	}
	wantCode(t, w.end(o), fault.SessionNotFound)
}

// The first attempt, which ended one or all, was not synced. The second attempt ends
// everything and waits for the first.
func TestEndingEverythingAgainWaitsForEarlierEnds(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]func(*world) error{
		"sign-ins": func(w *world) error { return w.endAll() },
		"all":      func(w *world) error { return w.asOwner(endAll) },
		"disable": func(w *world) error {
			return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.Disable(ctx) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, db := devtest.Redis(t), schematest.Database(t)
			proxy := devtest.NewProxy(t, url)
			w := newWorldOn(t, db, proxy.URL)
			one, other := w.open(), w.open()
			proxy.Cut()
			wantCode(t, w.end(one), fault.StoreUnavailable)
			wantCode(t, w.endAll(), fault.StoreUnavailable)
			proxy.Restore()
			if !w.alive(one) || !w.alive(other) {
				t.Fatal("the change was synced")
			}
			if err := again(w); err != nil {
				t.Fatal(err)
			}
			if w.alive(one) || w.alive(other) {
				t.Errorf("after the answer: the token that ended first is alive %v, the other %v", w.alive(one), w.alive(other))
			}
			if n := w.count("SELECT count(*) FROM outbox WHERE done_at IS NULL"); n != 0 {
				t.Errorf("%d selectors wait", n)
			}
		})
	}
}

func TestRepeatedEndOfAnAppWaitsForThePendingChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.estate()
	w.sql(`UPDATE consents SET epoch = epoch + 1, withdrawn_at = now() WHERE subject_id = $1`, w.account)
	w.sql(`INSERT INTO outbox (id, selector, target, epochs) SELECT id, 'subject', uuid_send(id), ARRAY[epoch, personal_epoch] FROM subjects WHERE id = $1`, w.account)
	end := func() error {
		return w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.EndApp(ctx, e.client) })
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if w.live(e.made[app]) {
		t.Error("the app is alive after the answer")
	}
	wantCode(t, end(), fault.SessionNotFound)
}

// A newer program may have queued a row that this one cannot read. It must not block other
// rows or a rebuild.
func TestUnreadableSelectorBlocksNoOther(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]string{
		"target": `INSERT INTO outbox (id, selector, target) VALUES (gen_random_uuid(), 'tree', 'short')`,
		"token":  `INSERT INTO outbox (id, selector, target) VALUES (gen_random_uuid(), 'token', 'short')`,
		"cursor": `INSERT INTO outbox (id, selector, target, cursor) VALUES (gen_random_uuid(), 'tree', uuid_send(gen_random_uuid()), 'short')`,
		"kind":   `INSERT INTO outbox (id, selector, target) VALUES (gen_random_uuid(), 'newer', 'x')`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.sql(`ALTER TABLE outbox DROP CONSTRAINT outbox_selector`)
			o := w.open()
			w.sql(bad)
			w.sql(`UPDATE authorizations SET revoked_at = now()`)
			w.sql(`INSERT INTO outbox (id, selector, target) SELECT id, 'tree', uuid_send(root_id) FROM authorizations`)
			w.relay()
			devtest.Eventually(t, "the other is synced", func() bool { return !w.alive(o) })
			w.rebuild()
			if n := w.count("SELECT count(*) FROM outbox WHERE done_at IS NULL"); n != 1 {
				t.Errorf("%d selectors wait, want only the unreadable one", n)
			}
		})
	}
}

// A request to end everything must not succeed while an earlier selector is unreadable, and
// must not loop on it.
func TestEndFailsWhileAnEarlierSelectorIsUnreadable(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	w.sql(`INSERT INTO outbox (id, selector, target, epochs, cursor) SELECT gen_random_uuid(), 'subject', uuid_send(id), '{1}', 'short' FROM subjects`)
	wantCode(t, w.endAll(), fault.ChangeUnderWay)
	if w.alive(o) {
		t.Error("the readable selector was not synced")
	}
	if n := w.count(`SELECT count(*) FROM outbox WHERE done_at IS NULL`); n != 1 {
		t.Errorf("%d selectors wait, want only the unreadable one", n)
	}
}

func TestDeletedAccountLeavesOnlyAPseudonym(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read")
	e := w.estate()
	if err := w.asOwner(changed(statement("DELETE FROM accounts WHERE id = $1", w.account), (*authorization.Tx).Erase)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.SweepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.count("SELECT count(*) FROM authorizations WHERE subject_id = $1", w.account); n != 0 {
		t.Errorf("%d authorizations are left", n)
	}
	if n := w.count("SELECT count(*) FROM subjects WHERE id = $1 AND ended_at IS NOT NULL AND NOT erasing", w.account); n != 1 {
		t.Error("its subject was deleted, or is still being erased")
	}
	if !w.live(e.made[theirs]) || !w.live(e.made[program]) {
		t.Error("another account's authorization ended")
	}
}

// The rows are needed to sync the end to Redis, so they must stay until then.
func TestNothingIsErasedBeforeItsTokensAreDead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	w.sql("DELETE FROM accounts")
	w.sql("UPDATE subjects SET epoch = 2, ended_at = now(), erasing = true")
	w.sql("INSERT INTO outbox (id, selector, target, epochs) SELECT id, 'subject', uuid_send(id), '{1}' FROM subjects")
	if _, err := w.SweepOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.count("SELECT count(*) FROM authorizations") != 1 {
		t.Fatal("the row was deleted, and the token stays alive")
	}
	w.relay()
	devtest.Eventually(t, "the token is dead", func() bool { return !w.alive(o) })
	devtest.Eventually(t, "it is erased", func() bool {
		n, err := w.SweepOnce(context.Background())
		if err != nil {
			t.Error(err)
		}
		return n == 1
	})
}

// The central guarantee, for all kinds: while issues and ends race, what was issued before
// an end was answered is dead afterwards, and what is listed is alive.
func TestEndsRaceWithIssues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.relay()
	survived := 0
	for round := range 150 {
		e := w.estate()
		var all sync.WaitGroup
		var child authorization.Issued
		var issued error
		all.Go(func() {
			child, issued = w.Issue(context.Background(), act(), authorization.Request{
				Kind: authorization.Exchange, Subject: authorization.Account(w.account), Client: e.client, Parent: e.made[app].ID, Lifetime: time.Hour,
			})
		})
		all.Go(func() {
			if err := w.asOwner(func(ctx context.Context, tx *authorization.Tx) error {
				return tx.End(ctx, e.made[app].ID, authorization.EndedByOwner)
			}); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if err := w.asOwner(func(ctx context.Context, tx *authorization.Tx) error { return tx.EndSignIns(ctx, e.made[acting].ID) }); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		if issued != nil && fault.CodeOf(issued) != fault.SessionNotFound {
			t.Fatal(issued)
		}
		if issued == nil {
			survived++
			if w.live(child) {
				t.Fatalf("round %d: a child of an ended app is alive", round)
			}
		}
		if !w.live(e.made[acting]) || w.live(e.made[other]) || w.live(e.made[app]) {
			t.Fatalf("round %d: the acting session %v, the other %v, the app %v", round, w.live(e.made[acting]), w.live(e.made[other]), w.live(e.made[app]))
		}
		// Sign-ins end without it, and a person may have only so many.
		if err := w.asOwner(func(ctx context.Context, tx *authorization.Tx) error {
			return tx.End(ctx, e.made[personal].ID, authorization.EndedByOwner)
		}); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of 150 were issued before their parent ended", survived)
}

// A client that keeps requesting tokens can be ended, and none of its tokens stays alive.
func TestClientThatRequestsManyTokensCanBeEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.estate().client
	subject := authorization.Subject{ID: client, Client: true}
	var mu sync.Mutex
	var drawn []authorization.Issued
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				made, err := w.Issue(ctx, act(), authorization.Request{Kind: authorization.Program, Subject: subject, Lifetime: time.Hour})
				if err == nil {
					mu.Lock()
					drawn = append(drawn, made)
					mu.Unlock()
				} else if fault.CodeOf(err) != fault.InvalidClient && !errors.Is(err, context.Canceled) && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	devtest.Eventually(t, "many tokens are issued", func() bool { mu.Lock(); defer mu.Unlock(); return len(drawn) > 50 })
	err := settled(func() error {
		return w.Change(context.Background(), subject, act(), func(ctx context.Context, tx *authorization.Tx) error { return tx.Disable(ctx) })
	})
	stop()
	all.Wait()
	if err != nil {
		t.Fatal(err)
	}
	for _, made := range drawn {
		if w.live(made) {
			t.Fatal("a token of a disabled client is alive")
		}
	}
}

// recordsLeft counts the records of tokens in Redis. DBSIZE would include expired keys.
func (w *world) recordsLeft() (n int) {
	w.t.Helper()
	keys, err := w.redis.Keys(context.Background(), token.KeyPrefix+"*").Result()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, key := range keys {
		if _, ours := token.ParseKey(key); ours {
			n++
		}
	}
	return n
}
