package cache_test

import (
	"slices"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/cache"
)

// The case that a cache must not get wrong: nothing is pushed any more, and
// nothing says so. Reads go on all the time.
func TestSilentConnectionEndsTheLeaseWithinTheBound(t *testing.T) {
	t.Parallel()
	for _, bound := range []time.Duration{100 * time.Millisecond, cache.DefaultBound} {
		t.Run(bound.String(), func(t *testing.T) {
			t.Parallel()
			url := devtest.Redis(t)
			proxy := devtest.NewProxy(t, url)
			client := open(t, url)
			k := newKept(t, open(t, proxy.URL), func(o *options) { o.Bound = bound })
			k.tracking()
			put(t, client, "a", "1")
			k.warm("a", "1")
			stalled := proxy.Accepted()
			proxy.StallThose(func(n int) bool { return n < stalled })
			del(t, client, "a")
			revoked := time.Now()
			var last time.Duration
			for {
				began := time.Since(revoked)
				v, err := k.get("a")
				if err != nil {
					continue // a stalled connection for reads is given up
				}
				if v == "" {
					break
				}
				if last = began; began > bound {
					t.Fatalf("passed %v after its end, the bound is %v", began, bound)
				}
			}
			t.Logf("passed for the last time %v after its end", last)
			devtest.Eventually(t, "it is said", func() bool { return slices.Contains(k.kinds(), cache.Down) })
			k.tracking() // by a new connection, which is not stalled
			if kinds := k.kinds(); !slices.Equal(kinds[:3], []cache.Kind{cache.Up, cache.Down, cache.Up}) {
				t.Errorf("%v", kinds)
			}
		})
	}
}

func TestKilledConnectionIsTakenUpAgainWithAnEmptyCache(t *testing.T) {
	t.Parallel()
	process := devtest.RedisProcess(t)
	client, admin := open(t, process.URL), open(t, process.URL)
	k := newKept(t, client)
	k.tracking()
	put(t, client, "a", "1")
	for range 20 {
		k.warm("a", "1")
		flushes := k.Stats().Flushes
		if err := admin.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
			t.Fatal(err)
		}
		devtest.Eventually(t, "the cache is emptied", func() bool { return k.Stats().Flushes > flushes })
		k.tracking()
	}
}

func TestRedisThatComesBackWithOtherDataIsBelieved(t *testing.T) {
	t.Parallel()
	process := devtest.RedisProcess(t)
	client := open(t, process.URL)
	k := newKept(t, client)
	k.tracking()
	put(t, client, "a", "1")
	k.warm("a", "1")
	process.Kill()
	process.Start()
	del(t, open(t, process.URL), "a")
	began := time.Now()
	devtest.Eventually(t, "the end is seen", func() bool {
		v, err := k.get("a")
		if err == nil && v != "" && time.Since(began) > cache.DefaultBound {
			t.Fatal("the value of before is still served")
		}
		return err == nil && v == ""
	})
	k.tracking()
}

// A verifier that was stopped (SIGSTOP, a suspended machine) goes on with what
// it had: by its clocks it must know that this is too old.
func TestLeaseIsCheckedByBothClocks(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	client := open(t, url)
	k := newKept(t, client)
	k.tracking()
	put(t, client, "a", "1")
	k.warm("a", "1")
	before := k.Stats()
	if v, err := k.Get(t.Context(), "a", time.Now().Add(cache.MaxBound)); err != nil || v == nil || *v != "1" {
		t.Fatalf("%v, %v", v, err)
	}
	if after := k.Stats(); after.Hits != before.Hits || after.Misses != before.Misses+1 {
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
