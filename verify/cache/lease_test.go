package cache_test

import (
	"slices"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/cache"
)

// The tracking connection stalls: pushes no longer arrive, and nothing reports that.
// Reads continue.
func TestSilentConnectionEndsTheLeaseWithinTheBound(t *testing.T) {
	t.Parallel()
	for _, bound := range []time.Duration{100 * time.Millisecond, cache.DefaultBound} {
		t.Run(bound.String(), func(t *testing.T) {
			t.Parallel()
			url := devtest.Redis(t)
			proxy := devtest.NewProxy(t, url)
			client := open(t, url)
			f := newFixture(t, open(t, proxy.URL), func(o *options) { o.Bound = bound })
			f.tracking()
			put(t, client, "a", "1")
			f.warm("a", "1")
			stalled := proxy.Accepted()
			proxy.StallThose(func(n int) bool { return n < stalled })
			del(t, client, "a")
			revoked := time.Now()
			var last time.Duration
			for {
				began := time.Since(revoked)
				v, err := f.get("a")
				if err != nil {
					continue // a connection for reads stalled as well and is closed
				}
				if v == "" {
					break
				}
				if last = began; began > bound {
					t.Fatalf("served %v after it was deleted, the bound is %v", began, bound)
				}
			}
			t.Logf("served for the last time %v after it was deleted", last)
			devtest.Eventually(t, "it is reported", func() bool { return slices.Contains(f.kinds(), cache.Down) })
			f.tracking() // on a new connection, which is not stalled
			if kinds := f.kinds(); !slices.Equal(kinds[:3], []cache.Kind{cache.Up, cache.Down, cache.Up}) {
				t.Errorf("%v", kinds)
			}
		})
	}
}

func TestKilledConnectionIsReplacedAndTheCacheEmptied(t *testing.T) {
	t.Parallel()
	process := devtest.RedisProcess(t)
	client, admin := open(t, process.URL), open(t, process.URL)
	f := newFixture(t, client)
	f.tracking()
	put(t, client, "a", "1")
	for range 20 {
		f.warm("a", "1")
		flushes := f.Stats().Flushes
		if err := admin.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
			t.Fatal(err)
		}
		devtest.Eventually(t, "the cache is emptied", func() bool { return f.Stats().Flushes > flushes })
		f.tracking()
	}
}

func TestRestartedRedisReplacesCachedValues(t *testing.T) {
	t.Parallel()
	process := devtest.RedisProcess(t)
	client := open(t, process.URL)
	f := newFixture(t, client)
	f.tracking()
	put(t, client, "a", "1")
	f.warm("a", "1")
	process.Kill()
	process.Start()
	del(t, open(t, process.URL), "a")
	began := time.Now()
	devtest.Eventually(t, "the deletion is seen", func() bool {
		v, err := f.get("a")
		if err == nil && v != "" && time.Since(began) > cache.DefaultBound {
			t.Fatal("the value from before the restart is still served")
		}
		return err == nil && v == ""
	})
	f.tracking()
}

// A process that was suspended continues with its old cache. Its clocks must show that
// the lease has ended.
func TestLeaseIsCheckedByBothClocks(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	client := open(t, url)
	f := newFixture(t, client)
	f.tracking()
	put(t, client, "a", "1")
	f.warm("a", "1")
	before := f.Stats()
	if v, err := f.Get(t.Context(), "a", time.Now().Add(cache.MaxBound)); err != nil || v == nil || *v != "1" {
		t.Fatalf("%v, %v", v, err)
	}
	if after := f.Stats(); after.Hits != before.Hits || after.Misses != before.Misses+1 {
		t.Error("answered from memory")
	}

	now := time.Now()
	for name, c := range map[string]struct {
		mono, wall time.Duration
		covers     bool
	}{
		"both run on":                               {time.Minute, time.Minute, true},
		"the machine was suspended":                 {time.Minute, -1, false},
		"the wall clock was set back":               {-1, time.Minute, false},
		"neither does":                              {-1, -1, false},
		"the end itself is not covered, monotonic":  {0, time.Minute, false},
		"the end itself is not covered, wall clock": {time.Minute, 0, false},
	} {
		if got := cache.LeaseCovers(now, c.mono, c.wall); got != c.covers {
			t.Errorf("%s: %v", name, got)
		}
	}
}
