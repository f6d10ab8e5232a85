package cache_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/cache"
)

type options = cache.Options[string, string]

func TestSecondReadComesFromMemory(t *testing.T) {
	t.Parallel()
	client := open(t, devtest.Redis(t))
	k := newKept(t, client)
	k.tracking()
	put(t, client, "a", "1")
	k.warm("a", "1")
	s := k.Stats()
	if s.Entries != 1 || s.Bytes == 0 || s.Misses == 0 || s.Lease <= 0 || s.Lease > s.Bound || s.Bound != cache.DefaultBound {
		t.Errorf("%+v", s)
	}
}

func TestWhatIsNotThereIsNotKept(t *testing.T) {
	t.Parallel()
	client := open(t, devtest.Redis(t))
	k := newKept(t, client)
	k.tracking()
	for range 3 {
		k.want("a", "")
	}
	put(t, client, "a", "1")
	k.want("a", "1")
	if s := k.Stats(); s.Hits != 0 {
		t.Errorf("%+v", s)
	}
}

// Every way in which a key can change is pushed.
func TestChangesAreSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(context.Context, redis.UniversalClient) error
		want   string
	}{
		"deleted":  {func(ctx context.Context, r redis.UniversalClient) error { return r.Del(ctx, prefix+"a").Err() }, ""},
		"unlinked": {func(ctx context.Context, r redis.UniversalClient) error { return r.Unlink(ctx, prefix+"a").Err() }, ""},
		"rewritten": {func(ctx context.Context, r redis.UniversalClient) error {
			return r.HSet(ctx, prefix+"a", "v", "2").Err()
		}, "2"},
		"renamed": {func(ctx context.Context, r redis.UniversalClient) error { return r.Rename(ctx, prefix+"a", "b").Err() }, ""},
		"expired": {func(ctx context.Context, r redis.UniversalClient) error {
			return r.PExpire(ctx, prefix+"a", 20*time.Millisecond).Err()
		}, ""},
		"changed by a script": {func(ctx context.Context, r redis.UniversalClient) error {
			return r.Eval(ctx, "return redis.call('HSET', KEYS[1], 'v', '3')", []string{prefix + "a"}).Err()
		}, "3"},
		"gone with its database": {func(ctx context.Context, r redis.UniversalClient) error { return r.FlushDB(ctx).Err() }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := devtest.RedisProcess(t).URL // FLUSHDB is told to everybody
			client, other := open(t, url), open(t, url)
			k := newKept(t, client)
			k.tracking()
			put(t, client, "a", "1")
			k.warm("a", "1")
			if err := c.change(t.Context(), other); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the change is seen", func() bool {
				v, err := k.get("a")
				return err == nil && v == c.want
			})
		})
	}
}

func TestForgottenValueIsReadAgain(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	proxy := devtest.NewProxy(t, url)
	k := newKept(t, open(t, proxy.URL))
	k.tracking()
	client := open(t, url)
	put(t, client, "a", "1")
	k.warm("a", "1")
	proxy.StallThose(func(n int) bool { return n == 0 }) // the push does not come
	del(t, client, "a")
	k.Forget("a", "never heard of")
	k.want("a", "")
}

// The answer of Redis was on its way when the value changed: whoever asked
// before gets it, nobody after.
func TestAnswerThatAChangeOvertookIsNotKept(t *testing.T) {
	t.Parallel()
	url := devtest.RedisProcess(t).URL // of one's own: its commands are counted
	proxy := devtest.NewProxy(t, url)
	client := open(t, url)
	k := newKept(t, open(t, proxy.URL))
	k.tracking()
	put(t, client, "a", "1")
	k.want("b", "") // a connection for reads is there
	eventually(t, "the push of the first value is here", func() bool { return k.Stats().Pushes > 0 })
	pushes, answered := k.Stats().Pushes, served(t, client, "hgetall")
	proxy.StallThose(func(n int) bool { return n != 0 })
	var wait sync.WaitGroup
	wait.Go(func() {
		if v, err := k.get("a"); err != nil || v != "1" {
			t.Errorf("who asked before the change got %q, %v", v, err)
		}
	})
	eventually(t, "the read is under way", func() bool { return k.Stats().Misses >= 2 })
	eventually(t, "Redis has answered", func() bool { return served(t, client, "hgetall") > answered })
	del(t, client, "a")
	eventually(t, "the push is here", func() bool { return k.Stats().Pushes > pushes })
	wait.Go(func() {
		if v, err := k.get("a"); err != nil || v != "" {
			t.Errorf("who asked after the push got %q, %v", v, err)
		}
	})
	eventually(t, "another asks", func() bool { return k.Stats().Misses >= 3 })
	proxy.Restore()
	wait.Wait()
	k.want("a", "")
}

// served is how often Redis has carried out a command.
func served(t *testing.T, client redis.UniversalClient, command string) (n int) {
	t.Helper()
	info, err := client.Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	if _, after, found := strings.Cut(info, "cmdstat_"+command+":calls="); found {
		_, _ = fmt.Sscanf(after, "%d", &n)
	}
	return n
}

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
			eventually(t, "it is said", func() bool { return slices.Contains(k.kinds(), cache.Down) })
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
		eventually(t, "the cache is emptied", func() bool { return k.Stats().Flushes > flushes })
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
	eventually(t, "the end is seen", func() bool {
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

func TestRedisThatCannotTrackIsReadEachTimeAndThatIsSaidOnce(t *testing.T) {
	t.Parallel()
	embedded := miniredis.RunT(t)
	process := devtest.RedisProcess(t)
	admin := open(t, process.URL)
	if err := admin.Do(t.Context(), "ACL", "SETUSER", "reader", "on", "nopass", "~*", "+@read", "+@write", "+@connection", "-client|tracking").Err(); err != nil {
		t.Fatal(err)
	}
	_, host, _ := strings.Cut(process.URL, "@")
	for name, c := range map[string]struct{ url, says string }{
		"a stand-in":                {"redis://" + embedded.Addr(), "CLIENT TRACKING"},
		"a user without permission": {"redis://reader:any@" + host, "NOPERM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := open(t, c.url)
			k := newKept(t, client)
			put(t, client, "a", "1")
			eventually(t, "it is said", func() bool { return len(k.kinds()) > 0 })
			for i := range 5 {
				put(t, client, "a", fmt.Sprint(i))
				k.want("a", fmt.Sprint(i))
			}
			if kinds := k.kinds(); !slices.Equal(kinds, []cache.Kind{cache.Unsupported}) || !strings.Contains(k.lastError().Error(), c.says) {
				t.Errorf("%v: %v", kinds, k.lastError())
			}
			if s := k.Stats(); s.Hits != 0 || s.Tracking {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestWithoutMemoryEveryReadIsFresh(t *testing.T) {
	t.Parallel()
	client := open(t, devtest.Redis(t))
	k := newKept(t, client, func(o *options) { o.Bytes = 0 })
	for i := range 100 {
		put(t, client, "a", fmt.Sprint(i))
		k.want("a", fmt.Sprint(i))
	}
	if s := k.Stats(); s.Reads != 100 || s.Hits+s.Misses != 0 {
		t.Errorf("%+v", s)
	}
	k.Forget("a")
}

func TestManyWhoAskForOneKeyShareARead(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	proxy := devtest.NewProxy(t, url)
	client := open(t, url)
	reads := &counter{}
	own := open(t, proxy.URL)
	own.AddHook(reads)
	k := newKept(t, own)
	k.tracking()
	put(t, client, "a", "1")
	k.want("b", "")
	before := reads.hgetall.Load()
	proxy.StallThose(func(n int) bool { return n != 0 })
	const callers = 50
	var wait sync.WaitGroup
	for range callers {
		wait.Go(func() {
			if v, err := k.get("a"); err != nil || v != "1" {
				t.Errorf("%q, %v", v, err)
			}
		})
	}
	eventually(t, "all wait", func() bool { return k.Stats().Misses >= callers+1 })
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

func TestCallerWhoLeavesDoesNotTakeTheReadAlong(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	proxy := devtest.NewProxy(t, url)
	client := open(t, url)
	k := newKept(t, open(t, proxy.URL))
	k.tracking()
	put(t, client, "a", "1")
	k.want("b", "")
	proxy.StallThose(func(n int) bool { return n != 0 })
	var wait sync.WaitGroup
	wait.Go(func() { // leads the read
		if v, err := k.get("a"); err != nil || v != "1" {
			t.Errorf("%q, %v", v, err)
		}
	})
	eventually(t, "one reads", func() bool { return k.Stats().Misses == 2 })
	ctx, leave := context.WithCancel(t.Context())
	wait.Go(func() {
		if _, err := k.Get(ctx, "a", time.Now()); !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
	})
	eventually(t, "another waits", func() bool { return k.Stats().Misses == 3 })
	leave()
	proxy.Restore()
	wait.Wait()
}

func TestRedisThatHangsIsAnErrorInTime(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Redis(t))
	k := newKept(t, open(t, proxy.URL))
	k.tracking()
	proxy.Stall()
	var wait sync.WaitGroup
	for i := range 200 {
		wait.Go(func() {
			began := time.Now()
			_, err := k.get(fmt.Sprint("key ", i))
			if took := time.Since(began); err == nil || took > 2*cache.DefaultReadTimeout {
				t.Errorf("%v after %v", err, took)
			}
		})
	}
	wait.Wait()
	proxy.Restore()
	eventually(t, "it reads again", func() bool { _, err := k.get("a"); return err == nil })
	if s := k.Stats(); s.Failures < 200 {
		t.Errorf("%+v", s)
	}
}

func TestBadOptionsSayWhatToChoose(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*options){
		"from 20ms to 1s": func(o *options) { o.Bound = 19 * time.Millisecond },
		"is 1.001s":       func(o *options) { o.Bound = 1001 * time.Millisecond },
		"is negative":     func(o *options) { o.Bytes = -1 },
	} {
		o := options{Client: redis.NewClient(&redis.Options{})}
		change(&o)
		if _, err := cache.New(o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v; want …%s…", err, says)
		}
	}
}
