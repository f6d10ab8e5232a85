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

// kept is a cache of hashes with one field, v.
type kept struct {
	*cache.Cache[string, string]
	t      testing.TB
	mu     sync.Mutex
	events []cache.Event
}

func newKept(t testing.TB, client redis.UniversalClient, change ...func(*cache.Options[string, string])) *kept {
	t.Helper()
	k := &kept{t: t}
	seed := maphash.MakeSeed()
	o := cache.Options[string, string]{
		Client: client, Prefix: prefix, Bytes: 64 << 20,
		Key:    func(k string) string { return prefix + k },
		Parse:  func(key string) (string, bool) { return strings.CutPrefix(key, prefix) },
		Spread: func(k string) uint64 { return maphash.String(seed, k) },
		Decode: func(_ string, fields map[string]string) (*string, error) { v := fields["v"]; return &v, nil },
		Weigh:  func(v *string) int64 { return int64(len(*v)) },
		Notify: func(e cache.Event) {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.events = append(k.events, e)
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
	k.Cache = c
	return k
}

// get is the value, "" if there is none.
func (k *kept) get(key string) (string, error) {
	v, err := k.Get(context.Background(), key, time.Now())
	if err != nil || v == nil {
		return "", err
	}
	return *v, nil
}

func (k *kept) want(key, value string) {
	k.t.Helper()
	if got, err := k.get(key); err != nil || got != value {
		k.t.Fatalf("%s: got %q, %v; want %q", key, got, err, value)
	}
}

// warm reads a key until it is answered from memory.
func (k *kept) warm(key, value string) {
	k.t.Helper()
	devtest.Eventually(k.t, key+" is answered from memory", func() bool {
		before := k.Stats().Hits
		k.want(key, value)
		return k.Stats().Hits > before
	})
}

func (k *kept) tracking() {
	k.t.Helper()
	devtest.Eventually(k.t, "changes are followed", func() bool { return k.Stats().Tracking })
}

func (k *kept) kinds() (all []cache.Kind) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range k.events {
		all = append(all, e.Kind)
	}
	return all
}

func (k *kept) lastError() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.events) == 0 {
		return nil
	}
	return k.events[len(k.events)-1].Err
}

// open is a client with the deadlines of verification.
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
