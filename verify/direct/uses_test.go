package direct_test

import (
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

// idleFor is how long the record was not used, according to Redis.
func idleFor(t *testing.T, f *fixture, h token.Hash) time.Duration {
	t.Helper()
	idle, err := f.redis.ObjectIdleTime(t.Context(), h.Key()).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatal(err)
	}
	return idle
}

// The record of a token that is verified from memory is not read. Redis would take it for
// unused.
func TestUsesFromMemoryAreReportedToRedis(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	var ahead atomic.Int64
	d := cached(t, f, direct.Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	raw, hash := f.put(f.typical())
	warm(t, d, raw)
	grown := func() {
		devtest.Eventually(t, "Redis takes it for unused", func() bool { return idleFor(t, f, hash) >= 2*time.Second })
	}
	grown()
	if _, err := d.Verify(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	if before := d.Stats(); before.Hits == 0 {
		t.Fatal("it was not answered from memory, so the test shows nothing")
	}
	grown() // Another use within some minutes is not reported.
	for n := range 20 {
		ahead.Store(int64(n+1) * int64(6*time.Minute))
		devtest.Eventually(t, "the cache is served at the moved clock", func() bool { return d.Stats().Tracking })
		grown()
		misses := d.Stats().Misses
		if _, err := d.Verify(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
		if d.Stats().Misses == misses {
			devtest.Eventually(t, "the use is reported", func() bool { return idleFor(t, f, hash) < 2*time.Second })
			return
		}
		// On a busy machine the lease may just have ended, so that Redis was read.
	}
	t.Error("it was never answered from memory, so the test shows nothing")
}

// A token with an idle timeout of seconds cannot wait for minutes.
func TestUsesAreReportedOftenEnoughForAShortIdleTimeout(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	d := cached(t, f, direct.Options{})
	who := f.typical()
	who.IdleExpiresAt = time.Now().Add(10 * time.Second).UTC().Truncate(time.Second)
	raw, hash := f.put(who)
	warm(t, d, raw)
	for end := time.Now().Add(6 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, err := d.Verify(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
		if idle := idleFor(t, f, hash); idle > 4*time.Second {
			t.Fatalf("it is used all the time, but Redis takes it for unused for %v", idle)
		}
	}
}

func TestLastUsesAreReportedAtClose(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	var ahead atomic.Int64
	d, err := direct.New(f.redis, f.ring, direct.Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	raw, hash := f.put(f.typical())
	devtest.Eventually(t, "its cache is served", func() bool { return d.Stats().Tracking })
	warm(t, d, raw)
	devtest.Eventually(t, "Redis takes it for unused", func() bool { return idleFor(t, f, hash) >= 2*time.Second })
	ahead.Store(int64(6 * time.Minute))
	devtest.Eventually(t, "the cache is served at the moved clock", func() bool { return d.Stats().Tracking })
	if _, err := d.Verify(t.Context(), raw); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if idle := idleFor(t, f, hash); idle >= 2*time.Second {
		t.Errorf("idle for %v: the last use was lost", idle)
	}
}

// A verifier without the right to TOUCH works, and logs once what is missing.
func TestMissingRightToTouchIsLoggedOnce(t *testing.T) {
	t.Parallel()
	process := devtest.RedisProcess(t)
	f := newFixture(t, process.URL)
	if err := f.redis.Do(t.Context(), "ACL", "SETUSER", "before", "on", ">hush", "resetchannels", "%R~session:*", "-@all", "+ping", "+client|tracking", "+get").Err(); err != nil {
		t.Fatal(err)
	}
	options := *f.redis.Options()
	options.Username, options.Password = "before", "hush"
	client := redis.NewClient(&options)
	t.Cleanup(func() { _ = client.Close() })
	log := &devtest.Output{}
	var ahead atomic.Int64
	d, err := direct.New(client, f.ring, direct.Options{Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	raw, _ := f.put(f.typical())
	devtest.Eventually(t, "its cache is served", func() bool { return d.Stats().Tracking })
	warm(t, d, raw)
	for n := range 3 {
		ahead.Store(int64(n+1) * int64(6*time.Minute))
		devtest.Eventually(t, "the cache is served at the moved clock", func() bool { return d.Stats().Tracking })
		if _, err := d.Verify(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
		devtest.Eventually(t, "it is logged", func() bool { return strings.Contains(log.String(), "+touch") })
	}
	if n := strings.Count(log.String(), "+touch"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}
