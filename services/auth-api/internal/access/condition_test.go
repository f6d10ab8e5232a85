package access_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/access"
)

// Every problem of Redis is reported, and whether tokens can still be verified. The test
// causes each in a healthy Redis.
func TestProblemsOfRedisAreReported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cause func(t *testing.T, admin *redis.Client)
		down  bool
		says  string
	}{
		"full": {func(t *testing.T, r *redis.Client) { set(t, r, "maxmemory", "1") }, false, "full (maxmemory)"},
		"evicts the oldest": {func(t *testing.T, r *redis.Client) {
			set(t, r, "maxmemory", "100mb", "maxmemory-policy", "volatile-lru")
		}, false, "may evict records of live tokens (maxmemory-policy volatile-lru)"},
		"evicts anything": {func(t *testing.T, r *redis.Client) {
			set(t, r, "maxmemory", "100mb", "maxmemory-policy", "allkeys-random")
		}, false, "may evict records of live tokens (maxmemory-policy allkeys-random)"},
		"evicts once it has a limit": {func(t *testing.T, r *redis.Client) { set(t, r, "maxmemory-policy", "volatile-ttl") }, false, "will evict records of live tokens once"},
		"was made a replica":         {func(t *testing.T, r *redis.Client) { do(t, r, "REPLICAOF", "127.0.0.1", "1") }, false, "replica that accepts no writes"},
		"replica that does not answer": {func(t *testing.T, r *redis.Client) {
			set(t, r, "replica-serve-stale-data", "no")
			do(t, r, "REPLICAOF", "127.0.0.1", "1")
		}, true, "without its master"},
		"lacks replicas":   {func(t *testing.T, r *redis.Client) { set(t, r, "min-replicas-to-write", "1") }, false, "too few replicas"},
		"its disk is full": {failToSave, false, "cannot write to its disk"},
		"has another password": {func(t *testing.T, r *redis.Client) {
			set(t, r, "requirepass", "another")
			do(t, r, "CLIENT", "KILL", "TYPE", "normal")
		}, true, "wants a password"},
		"allows no reads":        {func(t *testing.T, r *redis.Client) { do(t, r, "ACL", "SETUSER", "default", "-get") }, true, "does not allow its user"},
		"allows no writes":       {func(t *testing.T, r *redis.Client) { do(t, r, "ACL", "SETUSER", "default", "-set") }, false, "does not allow its user"},
		"allows no keys of ours": {func(t *testing.T, r *redis.Client) { do(t, r, "ACL", "SETUSER", "default", "resetkeys", "~other:*") }, true, "does not allow its user"},
		"is another program's": {func(t *testing.T, r *redis.Client) {
			do(t, r, "DEL", "session:rebuilt")
			do(t, r, "HSET", "session:rebuilt", "a", "b")
		}, false, "Another program uses the key session:rebuilt"},
		"has no connection left": {func(t *testing.T, r *redis.Client) {
			set(t, r, "maxclients", "1")
			do(t, r, "CLIENT", "KILL", "TYPE", "normal")
		}, true, "accepts no more connections"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := devtest.RedisWith(t, "appendonly no\nsave \"\"\nenable-protected-configs yes\n")
			f := newFixture(t, "redis://"+server.Addr+"/0")
			if c := f.Check(t.Context()); c.Problem != "" || c.Down || c.Blind {
				t.Fatalf("a healthy Redis: %+v", c)
			}
			admin := server.Client(t)
			c.cause(t, admin)
			var got access.Condition
			for end := time.Now().Add(10 * time.Second); !strings.Contains(got.Problem, c.says) && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				got = f.Check(t.Context())
			}
			if got.Down != c.down || !strings.Contains(got.Problem, c.says) {
				t.Errorf("%+v, want down: %v, and %q", got, c.down, c.says)
			}
			if n := admin.Exists(context.Background(), "session:writable").Val(); n != 0 {
				t.Error("checking whether it accepts writes has written a key")
			}
		})
	}
}

func set(t *testing.T, r *redis.Client, pairs ...string) {
	t.Helper()
	for n := 0; n < len(pairs); n += 2 {
		if err := r.ConfigSet(t.Context(), pairs[n], pairs[n+1]).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func do(t *testing.T, r *redis.Client, args ...any) {
	t.Helper()
	if err := r.Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
}

// failToSave puts a directory where Redis writes its snapshot.
func failToSave(t *testing.T, r *redis.Client) {
	t.Helper()
	dir := r.ConfigGet(t.Context(), "dir").Val()["dir"]
	if err := os.MkdirAll(filepath.Join(dir, "taken.rdb", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	set(t, r, "dbfilename", "taken.rdb", "save", "3600 1")
	do(t, r, "BGSAVE")
}

// If INFO is not allowed, that is reported, and everything else works.
func TestRedisWithoutINFOIsUsed(t *testing.T) {
	t.Parallel()
	server := devtest.RedisWith(t, "appendonly no\n")
	f := newFixture(t, "redis://"+server.Addr+"/0")
	do(t, server.Client(t), "ACL", "SETUSER", "default", "-info")
	if c := f.Check(t.Context()); !c.Blind || c.Problem != "" || c.Down {
		t.Errorf("%+v", c)
	}
	began, err := f.BeginRebuild(t.Context(), "m")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Complete(t.Context(), began), f.FinishRebuild(t.Context(), began)); err != nil {
		t.Fatal(err)
	}
	if known, err := f.Rebuilt(t.Context()); err != nil || !known {
		t.Errorf("%v, %v", known, err)
	}
}
