package limit_test

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/limit"
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
			a, err := l.AttemptSignIn(t.Context(), limit.SignIn{From: netip.MustParseAddr("192.0.2.1")})
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

func TestClientThatLeavesGivesItsTurnAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.replica(signIns(5, 1000)) // one at a time
	from := netip.MustParseAddr("192.0.2.1")
	first, err := l.AttemptSignIn(t.Context(), limit.SignIn{From: from})
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := l.AttemptSignIn(gone, limit.SignIn{From: from})
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

func TestLineOfAnAddressIsBounded(t *testing.T) {
	t.Parallel()
	const waiting, more = 256, 20
	w := newWorld(t)
	l := w.replica(signIns(5, 1000)) // one at a time
	from := netip.MustParseAddr("192.0.2.1")
	first, err := l.AttemptSignIn(t.Context(), limit.SignIn{From: from})
	if err != nil {
		t.Fatal(err)
	}
	refused, admitted := make(chan error, waiting+more), make(chan bool, waiting+more)
	for range waiting + more {
		go func() {
			a, err := l.AttemptSignIn(t.Context(), limit.SignIn{From: from})
			if err != nil {
				refused <- err
				return
			}
			a.GiveBack(context.WithoutCancel(t.Context()))
			admitted <- true
		}()
	}
	for range more {
		if f := w.refusal(<-refused); f.RetryAfter != time.Second {
			t.Errorf("try again after %v, want 1s", f.RetryAfter)
		}
	}
	if len(admitted) > 0 {
		t.Error("one did not wait for its turn")
	}
	first.GiveBack(t.Context())
	for range waiting {
		<-admitted
	}
}
