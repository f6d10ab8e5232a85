package direct_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify"
)

// bound is how long a caller may wait for ErrUnavailable.
const bound = time.Second

func TestUnavailableWithinASecondAndRecoversWithRedis(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(*devtest.Proxy){"cut": (*devtest.Proxy).Cut, "stalled": (*devtest.Proxy).Stall} {
		for connections, callers := range map[string]int{"by connections that are open": 1, "for 64 callers at once": 64} {
			t.Run(name+", "+connections, func(t *testing.T) {
				t.Parallel()
				proxy := devtest.NewProxy(t, devtest.Redis(t))
				f := newFixture(t, proxy.URL)
				raw, _ := f.put(f.typical())
				breakIt(proxy)
				var all sync.WaitGroup
				for range callers {
					all.Go(func() { unavailableSoon(t, f, raw) })
				}
				all.Wait()
				proxy.Restore()
				backSoon(t, f, raw)
			})
		}
		t.Run(name+", by a verifier that never was connected", func(t *testing.T) {
			t.Parallel()
			url := devtest.Redis(t)
			raw, _ := newFixture(t, url).put(newFixture(t, url).typical())
			proxy := devtest.NewProxy(t, url)
			f := newFixture(t, proxy.URL)
			breakIt(proxy)
			unavailableSoon(t, f, raw)
			proxy.Restore()
			backSoon(t, f, raw)
		})
	}
}

func unavailableSoon(t *testing.T, f *fixture, raw string) {
	t.Helper()
	began := time.Now()
	got, err := f.Verify(t.Context(), raw)
	if took := time.Since(began); took > bound || !errors.Is(err, verify.ErrUnavailable) || errors.Is(err, verify.ErrInvalidToken) {
		t.Errorf("after %v: %+v, %v; want ErrUnavailable within %v", took, got, err, bound)
	}
}

func backSoon(t *testing.T, f *fixture, raw string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		if _, err := f.Verify(ctx, raw); err == nil {
			return
		} else if ctx.Err() != nil || errors.Is(err, verify.ErrInvalidToken) {
			t.Fatalf("not back: %v", err)
		}
	}
}

// A cancelled call has learned nothing about the token.
func TestCancelledCallIsUnavailable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	raw, _ := f.put(f.typical())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := f.Verify(ctx, raw); !errors.Is(err, verify.ErrUnavailable) || !errors.Is(err, context.Canceled) || errors.Is(err, verify.ErrInvalidToken) {
		t.Errorf("%+v, %v; want ErrUnavailable", got, err)
	}
}

// Redis answers with an error.
func TestErrorOfRedisIsUnavailable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.RedisProcess(t).URL)
	raw, _ := f.put(f.typical())
	if err := f.redis.ConfigSet(t.Context(), "requirepass", "another").Err(); err != nil {
		t.Fatal(err)
	}
	// The command ends its own connection, too, so its result does not matter.
	_ = f.redis.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no").Err()
	if got, err := f.Verify(t.Context(), raw); !errors.Is(err, verify.ErrUnavailable) || errors.Is(err, verify.ErrInvalidToken) {
		t.Errorf("a password that is no longer right: %+v, %v; want ErrUnavailable", got, err)
	}
}
