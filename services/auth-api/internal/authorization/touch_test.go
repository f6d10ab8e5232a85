package authorization_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/verify"
	"auth.books.test/verify/record"
)

// unusedFor sets how long ago the session's record was last read, according to Redis.
func (w *world) unusedFor(o session.Opened, d time.Duration) {
	w.t.Helper()
	key := w.key(o)
	dump, ttl := w.redis.Dump(w.t.Context(), key).Val(), w.redis.PTTL(w.t.Context(), key).Val()
	err := w.redis.Do(w.t.Context(), "RESTORE", key, ttl.Milliseconds(), dump, "REPLACE", "IDLETIME", int64(d.Seconds())).Err()
	if err != nil {
		w.t.Fatal(err)
	}
}

// idleEnd returns the idle timeout of the session and checks that the record and Postgres
// agree.
func (w *world) idleEnd(o session.Opened) (end time.Time) {
	w.t.Helper()
	if err := w.db.QueryRow(w.t.Context(), "SELECT idle_expires_at FROM authorizations WHERE id = $1", o.ID).Scan(&end); err != nil {
		w.t.Fatal(err)
	}
	// Without a verifier, which would count as a use.
	got, err := record.Decode(w.ring, w.hash(o), w.redis.Get(w.t.Context(), w.key(o)).Val())
	if err != nil || !got.IdleExpiresAt.Equal(end) {
		w.t.Fatalf("the record ends %v, Postgres says %v, %v", got, end, err)
	}
	return end
}

func (w *world) touch() {
	w.t.Helper()
	if err := w.TouchOnce(w.t.Context(), idle); err != nil {
		w.t.Fatal(err)
	}
}

func TestUseExtendsTheIdleTimeoutFromTheLastUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	w.clock.Move(5 * time.Hour)
	w.unusedFor(o, time.Hour) // so it was used an hour ago
	used := w.clock.Now().Add(-time.Hour)
	w.touch()
	if off := w.idleEnd(o).Sub(used.Add(idle)).Abs(); off > 3*time.Second {
		t.Errorf("the idle timeout is off by %v", off)
	}
	listed, err := w.sessions.List(t.Context(), w.account)
	if err != nil || len(listed) != 1 || listed[0].UsedAt.Sub(used).Abs() > 3*time.Second {
		t.Errorf("%+v, %v: want one that was used at %v", listed, err, used)
	}
}

// Touch itself writes records, which Redis counts as a use. A session must end anyway.
func TestUnusedSessionEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	w.clock.Move(5 * time.Hour)
	w.unusedFor(o, time.Hour)
	w.touch()
	written, end := w.clock.Now(), w.idleEnd(o)
	for w.clock.Now().Before(end.Add(-time.Hour)) {
		w.clock.Move(time.Hour)
		// As in a real Redis: the record was not read since it was written.
		w.unusedFor(o, w.clock.Now().Sub(written))
		w.touch()
	}
	if got := w.idleEnd(o); !got.Equal(end) {
		t.Errorf("it was not used, but its end moved from %v to %v", end, got)
	}
	w.clock.Move(time.Hour + time.Second)
	if w.alive(o) {
		t.Error("alive after its idle timeout")
	}
}

func TestUsedSessionLivesToItsLifetime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	used := 0
	for w.clock.Move(11 * time.Hour); ; w.clock.Move(11 * time.Hour) {
		if _, err := w.verify(o); errors.Is(err, verify.ErrInvalidToken) {
			break
		}
		used++
		w.touch()
	}
	if want := int(lifetime / (11 * time.Hour)); used != want {
		t.Errorf("used %d times, want %d", used, want)
	}
}

func TestTouchNeverRevives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for round := range 100 {
		o := w.open()
		w.clock.Move(time.Hour)
		if _, err := w.verify(o); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		all.Go(func() {
			if err := w.TouchOnce(t.Context(), idle); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if err := w.end(o); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		if w.alive(o) {
			t.Fatalf("round %d: recording a use brought an ended token back", round)
		}
	}
}

// Recording a use rewrites the record. It must not restore a scope that is removed at the
// same time.
func TestTouchNeverRestoresAScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("books", "books:read")
	for round := range 100 {
		o := w.open()
		w.clock.Move(time.Hour)
		if _, err := w.verify(o); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		all.Go(func() {
			if err := w.TouchOnce(t.Context(), idle); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if err := w.assignments(w.account, `DELETE FROM role_assignments`); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		if p, err := w.verify(o); err != nil || p.HasScope("books:read") {
			t.Fatalf("round %d: %q, %v", round, p.Scopes, err)
		}
		w.sql(`INSERT INTO role_assignments SELECT s.id, r.id FROM subjects s, roles r`)
	}
}

// With an LFU policy Redis counts how often keys are used, not when.
func TestLFUPolicyIsReported(t *testing.T) {
	t.Parallel()
	process := devtest.RedisProcess(t)
	w := newWorldOn(t, schematest.Database(t), process.URL)
	w.open()
	if err := w.redis.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lfu").Err(); err != nil {
		t.Fatal(err)
	}
	w.clock.Move(time.Hour)
	if err := w.TouchOnce(t.Context(), idle); err == nil {
		t.Error("no error: uses are lost silently")
	}
}

// More sessions than one transaction reads, all with the same idle timeout.
func TestAllUsesAreRecorded(t *testing.T) {
	t.Parallel()
	const many = 1200
	w := newWorld(t)
	w.fill(w.account, many)
	w.rebuild() // it reads and writes each record, like a use
	w.clock.Move(30 * time.Minute)
	w.touch()
	if n := w.count("SELECT count(*) FROM authorizations WHERE used_at > now() + interval '29 minutes' AND idle_expires_at > now() + interval '12 hours'"); n != many {
		t.Errorf("%d uses are recorded, want %d", n, many)
	}
}
