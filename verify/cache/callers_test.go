package cache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/cache"
)

func TestConcurrentCallersShareARead(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	proxy := devtest.NewProxy(t, url)
	client := open(t, url)
	reads := &counter{}
	own := open(t, proxy.URL)
	own.AddHook(reads)
	f := newFixture(t, own, patient)
	f.tracking()
	put(t, client, "a", "1")
	f.want("b", "")
	before := reads.hgetall.Load()
	proxy.StallThose(func(n int) bool { return n != 0 })
	const callers = 50
	var wait sync.WaitGroup
	for range callers {
		wait.Go(func() {
			if v, err := f.get("a"); err != nil || v != "1" {
				t.Errorf("%q, %v", v, err)
			}
		})
	}
	devtest.Eventually(t, "all callers wait", func() bool { return f.Stats().Misses >= callers+1 })
	proxy.Restore()
	wait.Wait()
	if n := reads.hgetall.Load() - before; n != 1 {
		t.Errorf("%d reads for %d callers", n, callers)
	}
}

// counter counts the reads that a client sends.
type counter struct{ hgetall atomic.Int64 }

func (c *counter) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if cmd.Name() == "hgetall" {
				c.hgetall.Add(1)
			}
		}
		return next(ctx, cmds)
	}
}

func TestLeavingCallerDoesNotCancelTheRead(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	proxy := devtest.NewProxy(t, url)
	client := open(t, url)
	f := newFixture(t, open(t, proxy.URL), patient)
	f.tracking()
	put(t, client, "a", "1")
	f.want("b", "")
	proxy.StallThose(func(n int) bool { return n != 0 })
	var wait sync.WaitGroup
	wait.Go(func() { // leads the read
		if v, err := f.get("a"); err != nil || v != "1" {
			t.Errorf("%q, %v", v, err)
		}
	})
	devtest.Eventually(t, "the read is in flight", func() bool { return f.Stats().Misses == 2 })
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := f.Get(ctx, "a", time.Now())
		left <- err
	}()
	devtest.Eventually(t, "another caller waits", func() bool { return f.Stats().Misses == 3 })
	leave()
	// Before the reply arrives, which the caller could take as well.
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller that left got %v", err)
	}
	proxy.Restore()
	wait.Wait()
}

func TestHangingRedisIsAnErrorInTime(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Redis(t))
	f := newFixture(t, open(t, proxy.URL))
	f.tracking()
	proxy.Stall()
	var wait sync.WaitGroup
	for i := range 200 {
		wait.Go(func() {
			began := time.Now()
			_, err := f.get(fmt.Sprint("key ", i))
			if took := time.Since(began); err == nil || took > 2*cache.DefaultReadTimeout {
				t.Errorf("%v after %v", err, took)
			}
		})
	}
	wait.Wait()
	proxy.Restore()
	devtest.Eventually(t, "it reads again", func() bool { _, err := f.get("a"); return err == nil })
	if s := f.Stats(); s.Failures < 200 {
		t.Errorf("%+v", s)
	}
}
