package cache_test

import (
	"context"
	"hash/maphash"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/cache"
	"auth.books.test/verify/direct"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const prefix = "session:"

// fixture is a cache of hashes with one field, v.
type fixture struct {
	*cache.Cache[string, string]
	t      testing.TB
	mu     sync.Mutex // guards events
	events []cache.Event
}

func newFixture(t testing.TB, client redis.UniversalClient, change ...func(*cache.Options[string, string])) *fixture {
	t.Helper()
	f := &fixture{t: t}
	seed := maphash.MakeSeed()
	o := cache.Options[string, string]{
		Client: client, Prefix: prefix, Bytes: 64 << 20,
		Key:    func(k string) string { return prefix + k },
		Parse:  func(key string) (string, bool) { return strings.CutPrefix(key, prefix) },
		Hash:   func(k string) uint64 { return maphash.String(seed, k) },
		Decode: func(_ string, fields map[string]string) (*string, error) { v := fields["v"]; return &v, nil },
		Size:   func(v *string) int64 { return int64(len(*v)) },
		Notify: func(e cache.Event) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.events = append(f.events, e)
		},
	}
	for _, c := range change {
		c(&o)
	}
	c, err := cache.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	f.Cache = c
	return f
}

// patient is for a test that stalls Redis until something has happened: on a busy machine
// that may be longer than a read waits otherwise.
func patient(o *options) { o.ReadTimeout = time.Minute }

// get returns the value, or "" if there is none.
func (f *fixture) get(key string) (string, error) {
	v, err := f.Get(context.Background(), key, time.Now())
	if err != nil || v == nil {
		return "", err
	}
	return *v, nil
}

func (f *fixture) want(key, value string) {
	f.t.Helper()
	if got, err := f.get(key); err != nil || got != value {
		f.t.Fatalf("%s: got %q, %v; want %q", key, got, err, value)
	}
}

// warm reads a key until it is answered from memory.
func (f *fixture) warm(key, value string) {
	f.t.Helper()
	devtest.Eventually(f.t, key+" is answered from memory", func() bool {
		before := f.Stats().Hits
		f.want(key, value)
		return f.Stats().Hits > before
	})
}

func (f *fixture) tracking() {
	f.t.Helper()
	devtest.Eventually(f.t, "changes are tracked", func() bool { return f.Stats().Tracking })
}

func (f *fixture) kinds() (all []cache.Kind) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.events {
		all = append(all, e.Kind)
	}
	return all
}

func (f *fixture) lastError() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.events) == 0 {
		return nil
	}
	return f.events[len(f.events)-1].Err
}

// open returns a client with the timeouts of package direct.
func open(t testing.TB, url string) redis.UniversalClient {
	t.Helper()
	client, err := direct.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func put(t testing.TB, client redis.UniversalClient, key, value string) {
	t.Helper()
	if err := client.HSet(context.Background(), prefix+key, "v", value).Err(); err != nil {
		t.Fatal(err)
	}
}

func del(t testing.TB, client redis.UniversalClient, key string) {
	t.Helper()
	if n, err := client.Del(context.Background(), prefix+key).Result(); err != nil || n != 1 {
		t.Fatalf("delete %s: %d, %v", key, n, err)
	}
}
