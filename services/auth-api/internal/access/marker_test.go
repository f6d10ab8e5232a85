package access_test

import (
	"errors"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/access"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// A marker is valid for one process and its data. An invalid one is deleted, so that no
// verifier takes a missing record for a dead token.
func TestInvalidMarkerIsDeleted(t *testing.T) {
	t.Parallel()
	process := devtest.RedisProcess(t)
	f := newFixture(t, process.URL)
	ctx := t.Context()
	dead, _ := f.issue()
	marked := func() {
		t.Helper()
		began, err := f.BeginRebuild(ctx, "mark")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(f.Complete(ctx, began), f.FinishRebuild(ctx, began)); err != nil {
			t.Fatal(err)
		}
		if known, err := f.Rebuilt(ctx); err != nil || !known {
			t.Fatalf("after a rebuild: %v, %v", known, err)
		}
	}
	for name, change := range map[string]func(){
		"evicting from now on": func() { set(t, f.redis, "maxmemory", "1gb", "maxmemory-policy", "allkeys-lru") },
		"evicting no more":     func() { set(t, f.redis, "maxmemory-policy", "noeviction") },
		"a mark of another":    func() { do(t, f.redis, "SET", token.RebuiltKey, "2.0199 someone.else.0") },
		"no processes named":   func() { do(t, f.redis, "SET", token.RebuiltKey, "2.0199") },
		"records of an older version": func() {
			do(t, f.redis, "SET", token.RebuiltKey, strings.TrimPrefix(f.redis.Get(ctx, token.RebuiltKey).Val(), "2."))
		},
		"emptied": func() { do(t, f.redis, "FLUSHDB") },
	} {
		if name == "evicting no more" {
			set(t, f.redis, "maxmemory", "1gb", "maxmemory-policy", "volatile-lru")
		} else {
			set(t, f.redis, "maxmemory", "0", "maxmemory-policy", "noeviction")
		}
		_, _ = f.Rebuilt(ctx)
		marked()
		change()
		if known, err := f.Rebuilt(ctx); err != nil || known {
			t.Errorf("%s: known %v, %v", name, known, err)
		}
		if n := f.redis.Exists(ctx, token.RebuiltKey).Val(); n != 0 {
			t.Errorf("%s: the marker is there", name)
		}
	}
	set(t, f.redis, "maxmemory", "1gb", "maxmemory-policy", "volatile-lru")
	marked()
	if _, err := f.direct.Verify(ctx, dead); !errors.Is(err, verify.ErrUnavailable) {
		t.Errorf("a token that is not in a Redis that evicts: %v, want ErrUnavailable", err)
	}

	began, err := f.BeginRebuild(ctx, "mark")
	if err != nil {
		t.Fatal(err)
	}
	process.Kill()
	process.Start()
	for f.redis.Ping(ctx).Err() != nil {
	}
	if err := f.FinishRebuild(ctx, began); !errors.Is(err, access.ErrRestarted) {
		t.Errorf("restarted in between: %v", err)
	}
	if known, err := f.Rebuilt(ctx); err != nil || known {
		t.Errorf("after a restart: %v, %v", known, err)
	}
}

// A full Redis refuses new records. Removed scopes are gone anyway.
func TestScopesAreRemovedWhileRedisIsFull(t *testing.T) {
	t.Parallel()
	server := devtest.RedisWith(t, "appendonly no\n")
	f := newFixture(t, "redis://"+server.Addr+"/0")
	raw, i := f.issue()
	other, unchanged := f.issue()
	i.Scopes, i.Audiences = []string{"books:read", "books:write"}, []string{"books"}
	unchanged.Scopes, unchanged.Audiences = []string{"books:read"}, []string{"books"}
	for _, principal := range []verify.Principal{i, unchanged} {
		if err := f.Put(t.Context(), principal.Hash, principal); err != nil {
			t.Fatal(err)
		}
	}
	set(t, f.redis, "maxmemory", "1")
	i.Scopes, unchanged.Name = []string{"books:read"}, "Another"
	if err := f.Replace(t.Context(), i, unchanged); err == nil {
		t.Error("Replace reported success")
	}
	// The token is alive, so it must not be called invalid.
	if got, err := f.direct.Verify(t.Context(), raw); !errors.Is(err, verify.ErrUnavailable) || errors.Is(err, verify.ErrInvalidToken) {
		t.Errorf("with removed scopes: %v, %v; want ErrUnavailable", got.Scopes, err)
	}
	if got, alive := f.verify(other); !alive || !got.HasScope("books:read") {
		t.Errorf("a token that loses nothing: alive %v, scopes %v", alive, got.Scopes)
	}
	if err := f.Drop(t.Context(), unchanged.Hash); err != nil {
		t.Errorf("a revocation: %v", err)
	}
	set(t, f.redis, "maxmemory", "0")
	if known, err := f.Rebuilt(t.Context()); err != nil || known {
		t.Errorf("a rebuild must be necessary: known %v, %v", known, err)
	}
	if err := f.Restore(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	if got, _ := f.verify(raw); !got.HasScope("books:read") || got.HasScope("books:write") {
		t.Errorf("with memory again: %v", got.Scopes)
	}
}
