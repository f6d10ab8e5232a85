package cache_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/cache"
)

// changesArriveFromEverywhere puts keys on all masters, warms them, deletes them one by
// one, and checks that none is served after the bound.
func changesArriveFromEverywhere(t *testing.T, f *fixture, other redis.UniversalClient, name string) {
	t.Helper()
	const keys = 60 // more than enough for every master to have some
	for i := range keys {
		put(t, other, fmt.Sprint(name, i), "1")
	}
	for i := range keys {
		f.warm(fmt.Sprint(name, i), "1")
	}
	for i := range keys {
		key := fmt.Sprint(name, i)
		del(t, other, key)
		revoked := time.Now()
		for {
			began := time.Since(revoked)
			v, err := f.get(key)
			if err == nil && v == "" {
				break
			}
			if v != "" && began > cache.DefaultBound {
				t.Fatalf("%s was served %v after it was deleted", key, began)
			}
		}
	}
}

func TestEveryMasterOfAClusterIsTracked(t *testing.T) {
	t.Parallel()
	c := devtest.RedisCluster(t, 3, 0)
	f, other := newFixture(t, open(t, c.URL)), open(t, c.URL)
	f.tracking()
	changesArriveFromEverywhere(t, f, other, "k")

	// Losing the connection to one of them ends the lease of all.
	flushes := f.Stats().Flushes
	if err := c.Nodes[1].Client(t).Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
		t.Fatal(err)
	}
	devtest.Eventually(t, "the cache is emptied", func() bool { return f.Stats().Flushes > flushes })
	f.tracking()
	changesArriveFromEverywhere(t, f, other, "l")
}

// Keys move to a master that was not tracked while it had no keys.
func TestKeysThatMoveToAnotherMasterStayCoherent(t *testing.T) {
	t.Parallel()
	c := devtest.RedisCluster(t, 2, 1)
	f, other := newFixture(t, open(t, c.URL)), open(t, c.URL)
	f.tracking()
	const key = "mover"
	put(t, other, key, "1")
	f.warm(key, "1")

	slot := int(other.ClusterKeySlot(t.Context(), prefix+key).Val())
	from, to := c.Nodes[0].Client(t), c.Nodes[2].Client(t)
	if slot >= 16384/2 {
		from = c.Nodes[1].Client(t)
	}
	fromID, toID := from.ClusterMyID(t.Context()).Val(), to.ClusterMyID(t.Context()).Val()
	do := func(r *redis.Client, args ...any) {
		t.Helper()
		if err := r.Do(t.Context(), args...).Err(); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
	}
	host, port := split(c.Nodes[2].Addr)
	do(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", fromID)
	do(from, "CLUSTER", "SETSLOT", slot, "MIGRATING", toID)
	do(from, "MIGRATE", host, port, prefix+key, 0, 5000)
	// Until the push of the move arrives, the cache may answer. Then the old master does
	// not find the key and redirects to the other one (ASK).
	devtest.Eventually(t, "the move is known", func() bool {
		before := f.Stats().Hits
		f.want(key, "1")
		return f.Stats().Hits == before
	})
	ask := func(command ...any) {
		t.Helper()
		pipe := to.Pipeline()
		pipe.Do(t.Context(), "ASKING")
		pipe.Do(t.Context(), command...)
		if _, err := pipe.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ask("HSET", prefix+key, "v", "2")
	f.want(key, "2")
	for _, n := range []*redis.Client{to, from, c.Nodes[0].Client(t), c.Nodes[1].Client(t)} {
		do(n, "CLUSTER", "SETSLOT", slot, "NODE", toID)
	}
	devtest.Eventually(t, "it is read from its new master and cached", func() bool {
		before := f.Stats().Hits
		v, err := f.get(key)
		if err == nil && v != "2" {
			t.Fatalf("got %q", v)
		}
		return f.Stats().Hits > before
	})
	del(t, other, key)
	revoked := time.Now()
	for v, err := f.get(key); err != nil || v != ""; v, err = f.get(key) {
		if v != "" && time.Since(revoked) > cache.DefaultBound {
			t.Fatalf("still served after %v", time.Since(revoked))
		}
	}
}

func split(addr string) (host, port string) {
	for i := len(addr) - 1; ; i-- {
		if addr[i] == ':' {
			return addr[:i], addr[i+1:]
		}
	}
}

func TestNewMasterIsTrackedAfterAFailover(t *testing.T) {
	t.Parallel()
	s := devtest.RedisSentinel(t)
	f, other := newFixture(t, open(t, s.URL)), open(t, s.URL)
	f.tracking()
	changesArriveFromEverywhere(t, f, other, "k")
	put(t, other, "a", "1")
	if n, err := s.Master.Client(t).Wait(t.Context(), 1, 5*time.Second).Result(); err != nil || n != 1 {
		t.Fatalf("replicated to %d, %v", n, err)
	}
	f.warm("a", "1")
	s.Master.Kill()
	devtest.Eventually(t, "a master is elected", func() bool {
		return other.Del(context.Background(), prefix+"a").Err() == nil
	})
	ended := time.Now()
	for v, err := f.get("a"); err != nil || v != ""; v, err = f.get("a") {
		if v != "" && time.Since(ended) > cache.DefaultBound {
			t.Fatal("a key deleted at the new master is served")
		}
		if time.Since(ended) > 30*time.Second {
			t.Fatal("the new master is not read")
		}
	}
	f.tracking()
	changesArriveFromEverywhere(t, f, other, "l")
}
