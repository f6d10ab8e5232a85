package cache_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

// More than fits comes by; what is used all the time stays.
func TestMemoryIsBoundedAndWhatIsUsedStays(t *testing.T) {
	t.Parallel()
	client := open(t, devtest.Redis(t))
	const limit, keys = 1 << 20, 6000
	k := newKept(t, client, func(o *options) { o.Bytes = limit })
	k.tracking()
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
		k.want(fmt.Sprint(i), value)
		before := k.Stats().Misses
		k.want("0", value)
		if k.Stats().Misses > before {
			misses++
		}
		s := k.Stats()
		if s.Bytes > limit {
			t.Fatalf("after %d keys: %+v", i, s)
		}
		most = max(most, int64(s.Entries))
	}
	// The most, since other tests that empty their databases empty memory, too.
	if s := k.Stats(); s.Evicted == 0 || most < keys/10 || most >= keys {
		t.Errorf("%d at most; %+v", most, s)
	}
	// Pushes of other tests' databases may drop it, but not often.
	if misses > keys/20 {
		t.Errorf("the key that is always used was read %d times", misses)
	}
}

func TestValueThatDoesNotFitIsNotKept(t *testing.T) {
	t.Parallel()
	client := open(t, devtest.Redis(t))
	k := newKept(t, client, func(o *options) { o.Bytes = 256 << 10 })
	k.tracking()
	huge := strings.Repeat("x", 64<<10)
	put(t, client, "a", huge)
	for range 3 {
		k.want("a", huge)
	}
	if s := k.Stats(); s.Entries != 0 || s.Bytes != 0 || s.Hits != 0 {
		t.Errorf("%+v", s)
	}
}
