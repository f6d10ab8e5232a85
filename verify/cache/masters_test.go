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

// changesArriveFromEverywhere puts keys on all masters, warms them, changes them
// one by one, and asks within the bound.
func changesArriveFromEverywhere(t *testing.T, k *kept, other redis.UniversalClient, name string) {
	t.Helper()
	const keys = 60 // more than enough for every master to have some
	for i := range keys {
		put(t, other, fmt.Sprint(name, i), "1")
	}
	for i := range keys {
		k.warm(fmt.Sprint(name, i), "1")
	}
	for i := range keys {
		key := fmt.Sprint(name, i)
		del(t, other, key)
		revoked := time.Now()
		for {
			began := time.Since(revoked)
			v, err := k.get(key)
			if err == nil && v == "" {
				break
			}
			if v != "" && began > cache.DefaultBound {
				t.Fatalf("%s passed %v after its end", key, began)
			}
		}
	}
}

func TestEveryMasterOfAClusterIsFollowed(t *testing.T) {
	t.Parallel()
	c := devtest.RedisCluster(t, 3, 0)
	k, other := newKept(t, open(t, c.URL)), open(t, c.URL)
	k.tracking()
	changesArriveFromEverywhere(t, k, other, "k")

	// A lost connection to one of them ends the lease of all.
	flushes := k.Stats().Flushes
	if err := c.Nodes[1].Client(t).Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
		t.Fatal(err)
	}
	devtest.Eventually(t, "the cache is emptied", func() bool { return k.Stats().Flushes > flushes })
	k.tracking()
	changesArriveFromEverywhere(t, k, other, "l")
}

// Keys move to a master that nobody watched when it had none.
func TestKeysThatMoveToAnotherMasterStayCoherent(t *testing.T) {
	t.Parallel()
	c := devtest.RedisCluster(t, 2, 1)
	k, other := newKept(t, open(t, c.URL)), open(t, c.URL)
	k.tracking()
	const key = "mover"
	put(t, other, key, "1")
	k.warm(key, "1")

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
	// Until the push of the move has arrived, memory may answer; then, where the key was,
	// it is not found, and the other master is asked (ASK).
	devtest.Eventually(t, "the move is known", func() bool {
		before := k.Stats().Hits
		k.want(key, "1")
		return k.Stats().Hits == before
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
	k.want(key, "2")
	for _, n := range []*redis.Client{to, from, c.Nodes[0].Client(t), c.Nodes[1].Client(t)} {
		do(n, "CLUSTER", "SETSLOT", slot, "NODE", toID)
	}
	devtest.Eventually(t, "it is read where it is now, and kept", func() bool {
		before := k.Stats().Hits
		v, err := k.get(key)
		if err == nil && v != "2" {
			t.Fatalf("got %q", v)
		}
		return k.Stats().Hits > before
	})
	del(t, other, key)
	revoked := time.Now()
	for v, err := k.get(key); err != nil || v != ""; v, err = k.get(key) {
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

func TestNewMasterIsFollowedAfterAFailover(t *testing.T) {
	t.Parallel()
	s := devtest.RedisSentinel(t)
	k, other := newKept(t, open(t, s.URL)), open(t, s.URL)
	k.tracking()
	changesArriveFromEverywhere(t, k, other, "k")
	put(t, other, "a", "1")
	if n, err := s.Master.Client(t).Wait(t.Context(), 1, 5*time.Second).Result(); err != nil || n != 1 {
		t.Fatalf("replicated to %d, %v", n, err)
	}
	k.warm("a", "1")
	s.Master.Kill()
	devtest.Eventually(t, "there is a master again", func() bool {
		return other.Del(context.Background(), prefix+"a").Err() == nil
	})
	ended := time.Now()
	for v, err := k.get("a"); err != nil || v != ""; v, err = k.get("a") {
		if v != "" && time.Since(ended) > cache.DefaultBound {
			t.Fatal("what ended at the new master is served")
		}
		if time.Since(ended) > 30*time.Second {
			t.Fatal("the new master is not read")
		}
	}
	k.tracking()
	changesArriveFromEverywhere(t, k, other, "l")
}
