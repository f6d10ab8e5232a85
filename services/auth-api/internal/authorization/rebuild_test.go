package authorization_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/verify/token"
)

// rebuild fails the test unless a rebuild happens, and a second one has nothing to do.
func (w *world) rebuild() authorization.Rebuilt {
	w.t.Helper()
	did, err := w.RebuildOnce(context.Background())
	if err != nil || did == nil {
		w.t.Fatalf("rebuild: %v, %v", did, err)
	}
	if again, err := w.RebuildOnce(context.Background()); again != nil || err != nil {
		w.t.Errorf("a second time: %v, %v; want nothing to do", again, err)
	}
	return *did
}

func (w *world) revoke(o session.Opened) {
	w.t.Helper()
	if err := w.end(o); err != nil {
		w.t.Fatal(err)
	}
}

// hash returns the hash of the session's token.
func (w *world) hash(o session.Opened) token.Hash {
	w.t.Helper()
	var raw []byte
	if err := w.db.QueryRow(w.t.Context(), "SELECT hash FROM access_tokens WHERE authorization_id = $1", o.ID).Scan(&raw); err != nil {
		w.t.Fatal(err)
	}
	hash, err := token.HashFrom(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	return hash
}

// key returns the key of the session's record.
func (w *world) key(o session.Opened) string {
	w.t.Helper()
	return w.hash(o).Key()
}

// back restores an old record, like a Redis that lost its last writes.
func (w *world) back(key, dump string) {
	w.t.Helper()
	if err := w.redis.RestoreReplace(w.t.Context(), key, time.Hour, dump).Err(); err != nil {
		w.t.Fatal(err)
	}
}

func TestRedisWithOldDataIsRebuilt(t *testing.T) {
	t.Parallel()
	process := devtest.RedisProcess(t)
	w := newWorldOn(t, schematest.Database(t), process.URL)
	w.grant("books", "books:read", "books:write")
	stays, revoked, narrowed, forgotten, alone := w.open(), w.open(), w.open(), w.open(), w.open()
	w.rebuild()

	// The last writes, which are lost.
	dumps := map[string]string{}
	for _, o := range []session.Opened{revoked, narrowed, forgotten, alone} {
		dumps[w.key(o)] = w.redis.Dump(t.Context(), w.key(o)).Val()
	}
	lost := w.open()
	lostKey := w.key(lost)
	w.revoke(revoked)
	if err := w.EndToken(t.Context(), authorization.Account(w.account), w.hash(alone), audit.RevokeToken); err != nil {
		t.Fatal(err)
	}
	w.sql("UPDATE authorizations SET scopes = '{books:read}' WHERE id = $1", narrowed.ID)
	w.sql("DELETE FROM authorizations WHERE id = $1", forgotten.ID) // as with its account
	if err := w.redis.Del(t.Context(), lostKey).Err(); err != nil {
		t.Fatal(err)
	}
	for key, dump := range dumps {
		w.back(key, dump)
	}
	if w.alive(lost) || !w.alive(revoked) || !w.alive(forgotten) || !w.alive(alone) {
		t.Fatal("no write was lost, so the test shows nothing")
	}
	process.Kill()
	process.Start()
	devtest.Eventually(t, "Redis is back", func() bool { return w.redis.Ping(context.Background()).Err() == nil })

	did := w.rebuild()
	if w.alive(revoked) || w.alive(forgotten) || w.alive(alone) {
		t.Error("a revoked token, or one without a session, is alive again")
	}
	if !w.alive(stays) || !w.alive(lost) {
		t.Error("a live token is lost")
	}
	if principal, err := w.verify(narrowed); err != nil || strings.Join(principal.Scopes, " ") != "books:read" {
		t.Errorf("scopes %v, %v: a scope that was removed is back", principal.Scopes, err)
	}
	if did.Restored != 3 || did.Dropped != 1 {
		t.Errorf("%+v, want 3 restored, and 1 dropped besides the two ends that were replayed", did)
	}
}

func TestEmptyRedisIsFilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var live []session.Opened
	for range 5 {
		live = append(live, w.open())
	}
	dead := w.open()
	w.revoke(dead)
	// More than one page.
	w.fill(w.account, 1200)
	w.rebuild()
	if err := w.redis.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if did := w.rebuild(); did.Restored != 1205 {
		t.Errorf("%d restored, want 1205", did.Restored)
	}
	for _, o := range live {
		if !w.alive(o) {
			t.Error("somebody was signed out")
		}
	}
	if w.alive(dead) {
		t.Error("a revoked token lives")
	}
	if n := w.redis.Exists(t.Context(), token.RebuiltKey).Val(); n != 1 {
		t.Error("there is no rebuild marker")
	}
}

// After a busy hour there are many changes to replay, page by page.
func TestRebuildAfterABusyHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const ended = 1700 // more than three pages
	w.fill(w.account, ended)
	w.rebuild()
	w.sql(`UPDATE authorizations SET revoked_at = now()`)
	w.sql(`INSERT INTO outbox (id, selector, target, done_at) SELECT id, 'tree', uuid_send(root_id), now() FROM authorizations`)
	live := w.open()
	// A Redis that lost its last second, in which all of them were synced.
	if err := w.redis.Del(t.Context(), token.RebuiltKey).Err(); err != nil {
		t.Fatal(err)
	}
	if n := w.recordsLeft(); n != ended+1 {
		t.Fatalf("%d records before", n)
	}
	w.rebuild()
	if n := w.recordsLeft(); n != 1 || !w.alive(live) {
		t.Errorf("%d records are left, want that of the live token", n)
	}
	if n := w.count("SELECT count(*) FROM outbox WHERE done_at IS NULL"); n != 0 {
		t.Errorf("%d changes wait", n)
	}
}

// A sign-in writes its record before it commits.
func TestRecordOfAnUncommittedSignInIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	w.sql("CREATE TABLE kept AS SELECT * FROM authorizations WHERE id = '" + o.ID.String() + "'")
	w.sql("CREATE TABLE kept_tokens AS SELECT * FROM access_tokens")
	w.sql("DELETE FROM authorizations WHERE id = $1", o.ID) // not committed yet
	ended := make(chan authorization.Rebuilt)
	go func() { ended <- w.rebuild() }()
	w.awaitScan()
	// Scanned once; the second check is seconds away.
	w.sql("INSERT INTO authorizations SELECT * FROM kept")
	w.sql("INSERT INTO access_tokens SELECT * FROM kept_tokens")
	if did := <-ended; did.Dropped != 0 || !w.alive(o) {
		t.Errorf("%+v: the token of an uncommitted sign-in is dead", did)
	}
}

// While a rebuild races with sign-ins and revocations, revoked tokens stay dead and live
// ones stay alive.
func TestRebuildRacesWithSignInsAndRevocations(t *testing.T) {
	t.Parallel()
	const rounds = 100
	w := newWorld(t)
	w.relay()
	w.rebuild()
	for round := range rounds {
		before := []session.Opened{w.open(), w.open()}
		if err := w.redis.FlushDB(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var after session.Opened
		all.Go(func() { w.rebuild() })
		all.Go(func() { w.revoke(before[0]) })
		all.Go(func() { after = w.open() })
		all.Wait()
		if w.alive(before[0]) {
			t.Fatalf("round %d: a revoked token lives", round)
		}
		if !w.alive(before[1]) || !w.alive(after) {
			t.Fatalf("round %d: a live token is lost", round)
		}
		if err := w.endAll(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOneReplicaRebuilds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.open()
	var all sync.WaitGroup
	var mu sync.Mutex
	did := 0
	for range 4 {
		replica := w.replica()
		all.Go(func() {
			done, err := replica.RebuildOnce(context.Background())
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if done != nil {
				did++
			}
		})
	}
	all.Wait()
	if did != 1 {
		t.Errorf("%d replicas rebuilt, want 1", did)
	}
}

// If Redis restarts during a rebuild, it may lose the first half again.
func TestRebuildStartsAgainIfRedisRestarts(t *testing.T) {
	t.Parallel()
	process := devtest.RedisProcess(t)
	w := newWorldOn(t, schematest.Database(t), process.URL)
	o := w.open()
	w.interruptRebuild(func() error {
		process.Kill()
		process.Start()
		return nil
	})
	if !w.alive(o) {
		t.Error("a live token is lost")
	}
}

// interruptRebuild does something when a rebuild has restored the records, and before it is
// done. That rebuild must fail, and the next succeed.
func (w *world) interruptRebuild(interrupt func() error) {
	w.t.Helper()
	// An unknown record: before its second check there is time.
	if err := w.redis.Set(w.t.Context(), token.Hash{1}.Key(), "x", 0).Err(); err != nil {
		w.t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := w.RebuildOnce(context.Background())
		failed <- err
	}()
	w.awaitScan()
	if err := interrupt(); err != nil {
		w.t.Fatal(err)
	}
	if err := <-failed; err == nil {
		w.t.Error("the rebuild succeeded")
	}
	// The claim of the failed rebuild may be left until it expires.
	devtest.Eventually(w.t, "the next rebuild succeeds", func() bool {
		did, err := w.RebuildOnce(context.Background())
		return err == nil && did != nil
	})
}

// awaitScan waits until a rebuild has restored the records, and looks for those of dead
// tokens.
func (w *world) awaitScan() {
	w.t.Helper()
	devtest.Eventually(w.t, "the records are scanned", func() bool {
		return strings.HasPrefix(w.redis.Get(context.Background(), token.RebuiltKey).Val(), "partly:2.")
	})
}

// What removes records deletes the marker as well: FLUSHDB, or a full Redis that takes
// scopes away. A rebuild that is under way must not say that they are there.
func TestRebuildStartsAgainIfItsMarkerIsDeleted(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*world) error{
		"Redis is emptied":       func(w *world) error { return w.redis.FlushDB(t.Context()).Err() },
		"records are taken away": func(w *world) error { return w.redis.Del(t.Context(), token.RebuiltKey).Err() },
		"another rebuild's marker": func(w *world) error {
			return w.redis.Set(t.Context(), token.RebuiltKey, "untrusted:begun:2.other", 0).Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			o := w.open()
			w.interruptRebuild(func() error { return lose(w) })
			if !w.alive(o) {
				t.Error("a live token is lost")
			}
		})
	}
}
