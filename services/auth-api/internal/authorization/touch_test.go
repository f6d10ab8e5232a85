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

// unusedFor makes Redis believe that nobody has read the session's record for so long.
func (w *world) unusedFor(o session.Opened, d time.Duration) {
	w.t.Helper()
	key := w.key(o)
	dump, ttl := w.redis.Dump(w.t.Context(), key).Val(), w.redis.PTTL(w.t.Context(), key).Val()
	err := w.redis.Do(w.t.Context(), "RESTORE", key, ttl.Milliseconds(), dump, "REPLACE", "IDLETIME", int64(d.Seconds())).Err()
	if err != nil {
		w.t.Fatal(err)
	}
}

// idleEnd is the idle end of the session, the same in the record and in Postgres.
func (w *world) idleEnd(o session.Opened) (end time.Time) {
	w.t.Helper()
	if err := w.db.QueryRow(w.t.Context(), "SELECT idle_expires_at FROM authorizations WHERE id = $1", o.ID).Scan(&end); err != nil {
		w.t.Fatal(err)
	}
	// Not by way of a verifier: that would be a use.
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

func TestUseMovesTheIdleEndToTheLastUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	w.clock.Move(5 * time.Hour)
	w.unusedFor(o, time.Hour) // so it was used an hour ago
	used := w.clock.Now().Add(-time.Hour)
	w.touch()
	if off := w.idleEnd(o).Sub(used.Add(idle)).Abs(); off > 3*time.Second {
		t.Errorf("the idle end is off by %v", off)
	}
	listed, err := w.sessions.List(t.Context(), w.account)
	if err != nil || len(listed) != 1 || listed[0].UsedAt.Sub(used).Abs() > 3*time.Second {
		t.Errorf("%+v, %v: want one that was used at %v", listed, err, used)
	}
}

// Touch itself writes records, which Redis takes for a use. If that counted, a session
// would never end.
func TestSessionThatNobodyUsesEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.open()
	w.clock.Move(5 * time.Hour)
	w.unusedFor(o, time.Hour)
	w.touch()
	written, end := w.clock.Now(), w.idleEnd(o)
	for w.clock.Now().Before(end.Add(-time.Hour)) {
		w.clock.Move(time.Hour)
		// What Redis would say: nobody has read it since it was written.
		w.unusedFor(o, w.clock.Now().Sub(written))
		w.touch()
	}
	if got := w.idleEnd(o); !got.Equal(end) {
		t.Errorf("nobody used it, and its end moved from %v to %v", end, got)
	}
	w.clock.Move(time.Hour + time.Second)
	if w.alive(o) {
		t.Error("alive after its idle end")
	}
}

func TestSessionThatIsUsedLivesToItsLifetime(t *testing.T) {
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
			t.Fatalf("round %d: a use that was noted brought an ended token back", round)
		}
	}
}

// A use that is noted writes the whole record: it must not give back a scope that is
// taken away at the same time.
func TestTouchNeverGivesBackAScope(t *testing.T) {
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

// Then Redis does not count in time but in how often.
func TestRedisThatCountsHowOftenIsToldOf(t *testing.T) {
	t.Parallel()
	process := devtest.RedisProcess(t)
	w := newWorldOn(t, schematest.Database(t), process.URL)
	w.open()
	if err := w.redis.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lfu").Err(); err != nil {
		t.Fatal(err)
	}
	w.clock.Move(time.Hour)
	if err := w.TouchOnce(t.Context(), idle); err == nil {
		t.Error("no error: uses are lost in silence")
	}
}

// More than are looked at in one transaction, all with one idle end.
func TestAllUsesAreNoted(t *testing.T) {
	t.Parallel()
	const many = 1200
	w := newWorld(t)
	w.fill(w.account, many)
	w.rebuild() // which reads and writes each record, as a use does
	w.clock.Move(30 * time.Minute)
	w.touch()
	if n := w.count("SELECT count(*) FROM authorizations WHERE used_at > now() + interval '29 minutes' AND idle_expires_at > now() + interval '12 hours'"); n != many {
		t.Errorf("%d uses are noted, want %d", n, many)
	}
}
