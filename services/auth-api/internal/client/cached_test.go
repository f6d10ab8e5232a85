package client_test

import (
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/client"
)

func TestCachedRecordsAreReadWithoutRedisAndEndWithTheirClient(t *testing.T) {
	t.Parallel()
	url := devtest.Redis(t)
	proxy := devtest.NewProxy(t, url)
	asks, elsewhere := newWorldThat(t, proxy.URL, false), newWorldThat(t, url, false)
	made, other := asks.create(), asks.create()
	for _, c := range []client.Credentials{made, other} {
		fromMemory(t, asks, proxy, c)
	}
	if err := asks.Disable(t.Context(), made.ID); err != nil || asks.admits(made) {
		t.Errorf("the replica that disabled it still admits it: %v", err)
	}
	if err := elsewhere.redis.Del(t.Context(), "client:"+other.ID.String()).Err(); err != nil {
		t.Fatal(err)
	}
	for ended := time.Now(); ; time.Sleep(time.Millisecond) {
		began := time.Since(ended)
		if !asks.admits(other) {
			break
		}
		if began > 500*time.Millisecond {
			t.Fatalf("admitted %v after it was ended elsewhere", began)
		}
	}
}

// fromMemory authenticates until it succeeds without Redis.
func fromMemory(t *testing.T, w *world, proxy *devtest.Proxy, c client.Credentials) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		if !w.admits(c) {
			t.Fatal("it is not admitted")
		}
		proxy.StallThose(func(int) bool { return true })
		_, err := w.Authenticate(t.Context(), c.ID.String(), c.Secret)
		proxy.Restore()
		if err == nil {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("never answered from memory: %v", err)
		}
	}
}
