package access_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

func (f *fixture) endsAt(h token.Hash) time.Time {
	f.t.Helper()
	ends, err := f.redis.PExpireTime(f.t.Context(), h.Key()).Result()
	if err != nil {
		f.t.Fatal(err)
	}
	return time.UnixMilli(ends.Milliseconds())
}

func (f *fixture) exists(h token.Hash) bool {
	f.t.Helper()
	n, err := f.redis.Exists(f.t.Context(), h.Key()).Result()
	if err != nil {
		f.t.Fatal(err)
	}
	return n != 0
}

// A record expires at the earlier of its two ends, whichever call wrote it.
func TestEveryCallSetsTheExpiryOfTheRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	for name, call := range map[string]func(verify.Principal) error{
		"Put":     func(i verify.Principal) error { return f.Put(t.Context(), i.Hash, i) },
		"Replace": func(i verify.Principal) error { return f.Replace(t.Context(), i) },
		"Restore": func(i verify.Principal) error { return f.Restore(t.Context(), i) },
	} {
		for end, change := range map[string]func(*verify.Principal){
			"the idle end":  func(i *verify.Principal) { i.IdleExpiresAt = i.IdleExpiresAt.Add(30 * time.Minute) },
			"a sooner end":  func(i *verify.Principal) { i.IdleExpiresAt = i.IdleExpiresAt.Add(-30 * time.Minute) },
			"its lifetime":  func(i *verify.Principal) { i.IdleExpiresAt = i.ExpiresAt.Add(time.Hour) },
			"both together": func(i *verify.Principal) { i.IdleExpiresAt = i.ExpiresAt },
		} {
			_, i := f.put()
			change(&i)
			if err := call(i); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got := f.endsAt(i.Hash); !got.Equal(i.EndsAt()) {
				t.Errorf("%s, %s: Redis drops it at %v, want %v", name, end, got, i.EndsAt())
			}
		}
	}
}

func TestDroppedTokenNeverComesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	for name, call := range map[string]func(verify.Principal) error{
		"Replace": func(i verify.Principal) error { return f.Replace(t.Context(), i) },
	} {
		for gone, end := range map[string]func(verify.Principal) error{
			"dropped": func(i verify.Principal) error { return f.Drop(t.Context(), i.Hash) },
			"expired": func(i verify.Principal) error {
				return f.redis.PExpireAt(t.Context(), i.Hash.Key(), time.UnixMilli(1)).Err()
			},
			"lost": func(i verify.Principal) error { return f.redis.FlushDB(t.Context()).Err() },
		} {
			raw, i := f.put()
			if err := end(i); err != nil {
				t.Fatal(err)
			}
			if err := call(i); err != nil {
				t.Errorf("%s of a token that is %s: %v", name, gone, err)
			}
			if _, alive := f.verify(raw); alive || f.exists(i.Hash) {
				t.Errorf("%s brought back a token that is %s", name, gone)
			}
		}
	}
}

// Drop and two calls of Replace reach Redis in any order. The token stays dead.
func TestDropWinsOverConcurrentChanges(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	dropper, changer := newFixture(t, url), newFixture(t, url)
	for range 60 {
		_, i := dropper.put()
		dropped := make(chan struct{})
		var all sync.WaitGroup
		for _, call := range []func(context.Context, ...verify.Principal) error{changer.Replace, changer.Replace} {
			all.Go(func() {
				for done := false; !done; {
					select {
					case <-dropped:
						done = true // and once more after the token is dead
					default:
					}
					if err := call(t.Context(), i); err != nil {
						t.Errorf("change: %v", err)
						return
					}
				}
			})
		}
		err := dropper.Drop(t.Context(), i.Hash)
		close(dropped)
		all.Wait()
		if err != nil || dropper.exists(i.Hash) {
			t.Fatalf("alive after Drop: %v", err)
		}
	}
}

// A shorter record must not keep a part of a longer one.
func TestReplaceLeavesNothingOfTheOldRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	raw, i := f.issue()
	i.Email, i.Scopes, i.Audiences = strings.Repeat("a", 200)+"@books.test", strings.Fields(strings.Repeat("books:write ", 40)), []string{"books"}
	if err := f.Put(t.Context(), i.Hash, i); err != nil {
		t.Fatal(err)
	}
	i.Email, i.Scopes, i.Audiences, i.Name = "ada@books.test", []string{"account"}, nil, ""
	if err := f.Replace(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	got, alive := f.verify(raw)
	if !alive || got.Email != i.Email || len(got.Scopes) != 1 || len(got.Audiences) != 0 || got.Name != "" {
		t.Errorf("%+v, %v", got, alive)
	}
}

func TestExpiredTokenIsNotWritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	for name, call := range map[string]func(verify.Principal) error{
		"Put":     func(i verify.Principal) error { return f.Put(t.Context(), i.Hash, i) },
		"Replace": func(i verify.Principal) error { return f.Replace(t.Context(), i) },
		"Restore": func(i verify.Principal) error { return f.Restore(t.Context(), i) },
	} {
		raw, i := f.put()
		i.IdleExpiresAt = time.Now().Add(-time.Minute)
		if err := call(i); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, alive := f.verify(raw); alive || f.exists(i.Hash) {
			t.Errorf("%s wrote it", name)
		}
	}
}

// A pipeline has 256 tokens. None is lost between two pipelines, and dead tokens among them
// stay dead.
func TestNoTokenIsLostBetweenBatches(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	for _, n := range []int{255, 256, 257, 513} {
		var hashes []token.Hash
		var principals []verify.Principal
		for range n {
			_, i := f.put()
			i.Name, i.IdleExpiresAt = "changed", i.IdleExpiresAt.Add(30*time.Minute)
			hashes, principals = append(hashes, i.Hash), append(principals, i)
		}
		dead := n / 2
		if err := f.Drop(t.Context(), hashes[dead]); err != nil {
			t.Fatal(err)
		}
		if err := f.Replace(t.Context(), principals...); err != nil {
			t.Fatal(err)
		}
		for k, i := range principals {
			if k != dead && !f.endsAt(i.Hash).Equal(i.EndsAt()) {
				t.Fatalf("%d of %d was not extended", k, n)
			}
		}
		for k, h := range hashes {
			if name := f.name(h); (name == "changed") == (k == dead) {
				t.Fatalf("%d of %d is named %q; the dead one is %d", k, n, name, dead)
			}
		}
		if err := f.Drop(t.Context(), hashes...); err != nil {
			t.Fatal(err)
		}
		if left := f.records(); left != 0 {
			t.Fatalf("%d of %d left", left, n)
		}
	}
	for name, err := range map[string]error{"Replace": f.Replace(t.Context()), "Restore": f.Restore(t.Context())} {
		if err != nil {
			t.Errorf("%s of none: %v", name, err)
		}
	}
}

func TestCallsToAStalledRedisTimeOutAndRecover(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Redis(t))
	f := newFixture(t, proxy.URL) // with half a second a call
	var principals []verify.Principal
	var hashes []token.Hash
	for range 600 {
		_, i := f.put()
		principals, hashes = append(principals, i), append(hashes, i.Hash)
	}
	proxy.Stall()
	for name, call := range map[string]func() error{
		"Put":     func() error { return f.Put(t.Context(), principals[0].Hash, principals[0]) },
		"Drop":    func() error { return f.Drop(t.Context(), hashes...) },
		"Replace": func() error { return f.Replace(t.Context(), principals...) },
		"Check":   func() error { return f.Check(t.Context()).Err },
	} {
		began := time.Now()
		// The first batch without a reply ends the call.
		if err := call(); err == nil || time.Since(began) > 1500*time.Millisecond {
			t.Errorf("%s: %v after %v", name, err, time.Since(began))
		}
	}
	proxy.Restore()
	for deadline := time.Now().Add(10 * time.Second); ; {
		err := f.Check(t.Context()).Err
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("did not recover: %v", err)
		}
	}
	if err := f.Drop(t.Context(), hashes...); err != nil || f.records() != 0 {
		t.Errorf("drop again: %v", err)
	}
}

func TestErrorsOfRedisAreNotSwallowed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "redis://"+devtest.RedisWith(t, "appendonly no\n").Addr+"/0")
	_, i := f.put()
	_, other := f.put()
	do(t, f.redis, "ACL", "SETUSER", "default", "-set")
	for name, call := range map[string]func() error{
		"Put":     func() error { return f.Put(t.Context(), i.Hash, i) },
		"Replace": func() error { return f.Replace(t.Context(), other, i, other) },
		"Restore": func() error { return f.Restore(t.Context(), other, i, other) },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Drop(ctx, other.Hash); !errors.Is(err, context.Canceled) {
		t.Errorf("Drop of a cancelled caller: %v", err)
	}
	if !f.exists(other.Hash) {
		t.Error("the record was deleted anyway")
	}
}

func TestNoTokenIsMadeWithoutRandomness(t *testing.T) {
	t.Parallel()
	ring, err := token.ParseKeyRing("k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if made, hash, err := ring.Mint(iotest.ErrReader(broken), token.Access); !errors.Is(err, broken) || made != (token.Token{}) || hash != (token.Hash{}) {
		t.Errorf("%v, %v", made, err)
	}
}
