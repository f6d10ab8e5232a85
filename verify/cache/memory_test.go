package cache_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

// More values are read than fit. A key that is always used stays cached.
func TestMemoryIsBoundedAndUsedKeysStay(t *testing.T) {
	t.Parallel()
	client := open(t, devtest.Redis(t))
	const limit, keys = 1 << 20, 6000
	f := newFixture(t, client, func(o *options) { o.Bytes = limit })
	f.tracking()
	pipe := client.Pipeline()
	value := strings.Repeat("x", 300)
	for i := range keys {
		pipe.HSet(context.Background(), fmt.Sprint(prefix, i), "v", value)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	misses, most := 0, int64(0)
	for i := range keys {
		f.want(fmt.Sprint(i), value)
		before := f.Stats().Misses
		f.want("0", value)
		if f.Stats().Misses > before {
			misses++
		}
		s := f.Stats()
		if s.Bytes > limit {
			t.Fatalf("after %d keys: %+v", i, s)
		}
		most = max(most, int64(s.Entries))
	}
	// most, because other tests flush their databases, which empties this cache as well.
	if s := f.Stats(); s.Evicted == 0 || most < keys/10 || most >= keys {
		t.Errorf("%d at most; %+v", most, s)
	}
	// Pushes of other tests' databases may drop the key, but not often.
	if misses > keys/20 {
		t.Errorf("the key that is always used was read %d times", misses)
	}
}

func TestTooLargeValueIsNotCached(t *testing.T) {
	t.Parallel()
	client := open(t, devtest.Redis(t))
	f := newFixture(t, client, func(o *options) { o.Bytes = 256 << 10 })
	f.tracking()
	huge := strings.Repeat("x", 64<<10)
	put(t, client, "a", huge)
	for range 3 {
		f.want("a", huge)
	}
	if s := f.Stats(); s.Entries != 0 || s.Bytes != 0 || s.Hits != 0 {
		t.Errorf("%+v", s)
	}
}
