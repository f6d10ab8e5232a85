package limit_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/config"
	"strconv"
)

func TestHangingRedisLeavesATenthAndIsLoggedOnce(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Redis(t))
	w := worldOn(t, proxy.URL)
	w.timeout = time.Second
	l := w.replica(signIns(50, 1000))
	w.misses(l, "192.0.2.1", 3)
	proxy.Stall()
	if n := w.misses(l, "192.0.2.1", 20); n != 2 {
		t.Errorf("%d after 3 that it remembers, want 2 more", n)
	}
	if n := w.misses(l, "192.0.2.2", 20); n != 5 {
		t.Errorf("another address: %d, want a tenth of 50", n)
	}
	w.pass(2 * time.Second) // It is asked again, in vain.
	w.misses(l, "192.0.2.2", 5)
	const silent, back = "Redis does not count attempts", "Redis counts attempts again"
	if n := strings.Count(w.log.String(), silent); n != 1 {
		t.Errorf("logged %d times: %s", n, &w.log)
	}
	if n := w.metric(l, "auth_limit_failures_total", ""); n == 0 {
		t.Error("the failures are not counted")
	}
	proxy.Restore()
	devtest.Eventually(t, "it counts in Redis again", func() bool {
		w.pass(2 * time.Second)
		w.misses(l, "192.0.2.3", 1)
		return strings.Contains(w.log.String(), back)
	})
}

func TestFiftyParallelGoodAttemptsAreAdmittedWithoutRedis(t *testing.T) {
	t.Parallel()
	w := worldOn(t, "redis://127.0.0.1:1/0")
	l := w.replica(signIns(30, 3000))
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			a, err := l.AttemptSignIn(t.Context(), netip.MustParseAddr("192.0.2.1"))
			if err != nil {
				t.Error(err)
				return
			}
			a.GiveBack(t.Context())
		})
	}
	all.Wait()
	if n := w.misses(l, "192.0.2.1", 20); n != 3 {
		t.Errorf("%d misses, want 3", n)
	}
}

func TestFullRedisLeavesATenth(t *testing.T) {
	t.Parallel()
	r := devtest.RedisWith(t, "maxmemory 1mb\nmaxmemory-policy noeviction\n")
	filler := r.Client(t)
	for n := 0; filler.Set(t.Context(), strconv.Itoa(n), strings.Repeat("x", 1000), 0).Err() == nil; n++ {
	}
	w := worldOn(t, "redis://"+r.Addr+"/0")
	l := w.replica(signIns(50, 1000))
	if n := w.misses(l, "192.0.2.1", 20); n != 5 {
		t.Errorf("%d, want 5", n)
	}
}

// A failover may lose the last writes, and a new disk everything.
func TestRedisThatForgetsGivesNoNewBudget(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.replica(signIns(20, 1000))
	w.misses(l, "192.0.2.1", 18)
	if err := w.redis.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if n := w.misses(l, "192.0.2.1", 10); n != 2 {
		t.Errorf("%d, want 2", n)
	}
}

func TestLimitsAreSharedOnACluster(t *testing.T) {
	t.Parallel()
	cluster := devtest.RedisCluster(t, 3, 0)
	// The rights are those that docs/storage.md lists, as far as limits use them.
	const rights = "~limit:* +zadd +zrem +zcard +zrange +zremrangebyscore +pexpire +cluster|slots +command +asking"
	for _, node := range cluster.Nodes {
		args := []any{"ACL", "SETUSER", "auth-api", "on", ">hush", "resetchannels", "-@all"}
		for _, right := range strings.Fields(rights) {
			args = append(args, right)
		}
		if err := node.Client(t).Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	w := worldOn(t, strings.Replace(cluster.URL, "//", "//auth-api:hush@", 1))
	one, two := w.replica(signIns(6, 1000)), w.replica(signIns(6, 1000))
	for n := range 20 {
		from := fmt.Sprintf("2001:db8:%x::1", n)
		if n := w.misses(one, from, 4) + w.misses(two, from, 4); n != 6 {
			t.Errorf("%s: %d, want 6", from, n)
		}
	}
	if log := w.log.String(); log != "" {
		t.Error(log)
	}
}

func TestClientThatLeavesGivesItsTurnAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.replica(signIns(5, 1000)) // one at a time
	from := netip.MustParseAddr("192.0.2.1")
	first, err := l.AttemptSignIn(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := l.AttemptSignIn(gone, from)
		ended <- err
	}()
	leave()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	first.GiveBack(t.Context())
	if n := w.misses(l, "192.0.2.1", 10); n != 5 {
		t.Errorf("%d, want 5", n)
	}
}

// The limits over all bound how many keys there are, and these take 16 MB.
func TestWhateverIsTypedTakesLittleOfRedis(t *testing.T) {
	t.Parallel()
	const most, workers = 16_000_000, 16
	r := devtest.RedisWith(t, "")
	w := worldOn(t, "redis://"+r.Addr+"/0")
	used := func() (n int) {
		info, err := w.redis.Info(t.Context(), "memory").Result()
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(info, "\nused_memory:")
		if n, err = strconv.Atoi(strings.TrimSpace(after[:strings.IndexByte(after, '\r')])); err != nil {
			t.Fatal(err)
		}
		return n
	}
	rates := signIns(30, config.MaxLimitKeys/2)
	rates.SignIn.Period, rates.SignInOverall.Period = time.Hour, time.Hour
	l := w.replica(rates)
	typed := func(from, n int) {
		var all sync.WaitGroup
		for worker := range workers {
			all.Go(func() {
				for i := from + worker; i < from+n; i += workers {
					if a, err := l.AttemptSignIn(t.Context(), netip.AddrFrom16([16]byte{0x20, 1, byte(i >> 16), byte(i >> 8), byte(i), 1})); err == nil {
						a.Keep()
					}
				}
			})
		}
		all.Wait()
	}
	typed(0, 100) // connections and buffers
	before := used()
	typed(100, config.MaxLimitKeys/2)
	full := used()
	t.Logf("%d keys take %d bytes, %d each", w.keys(), full-before, (full-before)/w.keys())
	if n := w.keys(); n < config.MaxLimitKeys*9/10 || full-before > most {
		t.Errorf("%d keys take %d bytes, want at most %d", n, full-before, most)
	}
	typed(50_000, 5_000)
	if n := w.keys(); n > config.MaxLimitKeys+2*workers {
		t.Errorf("%d keys, want at most %d", n, config.MaxLimitKeys)
	}
}
