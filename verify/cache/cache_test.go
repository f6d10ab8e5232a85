package cache_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
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
	f := newFixture(t, client)
	f.tracking()
	put(t, client, "a", "1")
	f.warm("a", "1")
	s := f.Stats()
	if s.Entries != 1 || s.Bytes == 0 || s.Misses == 0 || s.Lease <= 0 || s.Lease > s.Bound || s.Bound != cache.DefaultBound {
		t.Errorf("%+v", s)
	}
}

func TestMissingKeyIsNotCached(t *testing.T) {
	t.Parallel()
	client := open(t, devtest.Redis(t))
	f := newFixture(t, client)
	f.tracking()
	for range 3 {
		f.want("a", "")
	}
	put(t, client, "a", "1")
	f.want("a", "1")
	if s := f.Stats(); s.Hits != 0 {
		t.Errorf("%+v", s)
	}
}

// Redis pushes every kind of change.
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
			url := devtest.RedisProcess(t).URL // not shared, because FLUSHDB is pushed to the clients of every database
			client, other := open(t, url), open(t, url)
			f := newFixture(t, client)
			f.tracking()
			put(t, client, "a", "1")
			f.warm("a", "1")
			if err := c.change(t.Context(), other); err != nil {
				t.Fatal(err)
			}
			devtest.Eventually(t, "the change is seen", func() bool {
				v, err := f.get("a")
				return err == nil && v == c.want
			})
		})
	}
}

func TestForgottenValueIsReadAgain(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	proxy := devtest.NewProxy(t, url)
	f := newFixture(t, open(t, proxy.URL))
	f.tracking()
	client := open(t, url)
	put(t, client, "a", "1")
	f.warm("a", "1")
	proxy.StallThose(func(n int) bool { return n == 0 }) // the push does not arrive
	del(t, client, "a")
	f.Forget("a", "never read")
	f.want("a", "")
}

// The reply of Redis is in flight when the value changes: the caller that asked before
// gets it, later callers do not.
func TestReplyOvertakenByAChangeIsNotCached(t *testing.T) {
	t.Parallel()
	url := devtest.RedisProcess(t).URL // not shared, because its commands are counted
	proxy := devtest.NewProxy(t, url)
	client := open(t, url)
	f := newFixture(t, open(t, proxy.URL), patient)
	f.tracking()
	put(t, client, "a", "1")
	f.want("b", "") // opens a connection for reads
	devtest.Eventually(t, "the push of the first value arrives", func() bool { return f.Stats().Pushes > 0 })
	pushes, answered := f.Stats().Pushes, served(t, client, "hgetall")
	proxy.StallThose(func(n int) bool { return n != 0 })
	var wait sync.WaitGroup
	wait.Go(func() {
		if v, err := f.get("a"); err != nil || v != "1" {
			t.Errorf("the caller before the change got %q, %v", v, err)
		}
	})
	devtest.Eventually(t, "the read is in flight", func() bool { return f.Stats().Misses >= 2 })
	devtest.Eventually(t, "Redis has answered", func() bool { return served(t, client, "hgetall") > answered })
	del(t, client, "a")
	devtest.Eventually(t, "the push arrives", func() bool { return f.Stats().Pushes > pushes })
	wait.Go(func() {
		if v, err := f.get("a"); err != nil || v != "" {
			t.Errorf("the caller after the push got %q, %v", v, err)
		}
	})
	devtest.Eventually(t, "another caller reads", func() bool { return f.Stats().Misses >= 3 })
	proxy.Restore()
	wait.Wait()
	f.want("a", "")
}

// served returns how often Redis has run a command.
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

func TestWithoutTrackingEveryReadIsFreshAndReportedOnce(t *testing.T) {
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
			f := newFixture(t, client)
			put(t, client, "a", "1")
			devtest.Eventually(t, "it is reported", func() bool { return len(f.kinds()) > 0 })
			for i := range 5 {
				put(t, client, "a", fmt.Sprint(i))
				f.want("a", fmt.Sprint(i))
			}
			if kinds := f.kinds(); !slices.Equal(kinds, []cache.Kind{cache.Unsupported}) || !strings.Contains(f.lastError().Error(), c.says) {
				t.Errorf("%v: %v", kinds, f.lastError())
			}
			if s := f.Stats(); s.Hits != 0 || s.Tracking {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestWithoutMemoryEveryReadIsFresh(t *testing.T) {
	t.Parallel()
	client := open(t, devtest.Redis(t))
	f := newFixture(t, client, func(o *options) { o.Bytes = 0 })
	for i := range 100 {
		put(t, client, "a", fmt.Sprint(i))
		f.want("a", fmt.Sprint(i))
	}
	if s := f.Stats(); s.Reads != 100 || s.Hits+s.Misses != 0 {
		t.Errorf("%+v", s)
	}
	f.Forget("a")
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
