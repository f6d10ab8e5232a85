package devtest

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// claim begins keys in database 0 that mark numbered databases as taken, so that concurrent
// test binaries can share one server.
const claim = "devtest:claim:"

// Redis returns the URL of an empty database that only this test uses.
func Redis(t testing.TB) string {
	t.Helper()
	s, err := shared.startRedis()
	need(t, err)
	admin := client(t, s.URL)
	ctx, cancel := context.WithTimeout(context.Background(), sqlWait)
	defer cancel()
	for {
		for n := 1; n < redisDatabases; n++ {
			taken, err := admin.SetNX(ctx, claim+number(n), t.Name(), time.Hour).Result()
			if err != nil {
				t.Fatalf("claim a Redis database: %v", err)
			}
			if !taken {
				continue
			}
			u, err := withPath(s.URL, number(n))
			if err != nil {
				t.Fatal(err)
			}
			own := client(t, u)
			if own.FlushDB(ctx).Err() != nil {
				// The server has no more databases than this.
				admin.Del(ctx, claim+number(n))
				break
			}
			t.Cleanup(func() {
				own.FlushDB(context.Background())
				admin.Del(context.Background(), claim+number(n))
			})
			return u
		}
		select {
		case <-ctx.Done():
			t.Fatal("no Redis database became free")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func client(t testing.TB, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal("the URL of the test's Redis is malformed")
	}
	c := redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c
}
