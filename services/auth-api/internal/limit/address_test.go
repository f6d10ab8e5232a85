package limit_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/limit"
)

func TestRotationInsideANetworkIsOneAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.replica(signIns(5, 1000))
	admitted := 0
	for n := range 100 {
		admitted += w.misses(l, fmt.Sprintf("2001:db8:1:1::%x", n), 1)
	}
	if admitted != 5 {
		t.Errorf("%d from one /64, want 5", admitted)
	}
	for n := range 100 {
		admitted += w.misses(l, fmt.Sprintf("2001:db8:1:%x::1", n+2), 1)
	}
	if admitted != 20 {
		t.Errorf("%d from one /48, want 20", admitted)
	}
	if !w.miss(l, "2001:db8:2::1") {
		t.Error("another /48 is refused")
	}
	for _, from := range []string{"192.0.2.1", "::ffff:192.0.2.1"} {
		w.misses(l, from, 3)
	}
	if w.miss(l, "192.0.2.1") || !w.miss(l, "192.0.2.2") {
		t.Error("an IPv4 address is not counted alone, or not together with its mapped form")
	}
}

// Somebody who is refused must not use up what is for all.
func TestRefusedAttemptsChargeNoOtherLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l, other := w.replica(signIns(5, 60)), w.replica(signIns(5, 60))
	w.misses(l, "192.0.2.1", 100)
	w.misses(other, "192.0.2.1", 100)
	if n := w.misses(other, "192.0.2.2", 5); n != 5 {
		t.Errorf("another address: %d, want 5", n)
	}
	// 10 of the 12 that are for suspects are used.
	if n := w.misses(l, "192.0.2.3", 5); n != 2 {
		t.Errorf("what is left for all: %d, want 2", n)
	}
	if n := w.keys(); n > 4 {
		t.Errorf("%d keys", n)
	}
	if n := w.metric(l, "auth_limited_total", "sign_in_overall"); n != 3 {
		t.Errorf("refused over all: %d, want 3", n)
	}
}

func TestSessionsAreLimitedApartAndWithTheirAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rates := signIns(5, 1000)
	rates.Session = limit.Rate{Attempts: 2, Period: time.Minute}
	l := w.replica(rates)
	check := func(session uuid.UUID, from string) string {
		a, err := l.AttemptPassword(t.Context(), netip.MustParseAddr(from), session)
		if err != nil {
			return w.refusal(err).Limit.Name
		}
		a.Keep()
		return ""
	}
	one, two := uuid.New(), uuid.New()
	got := []string{check(one, "192.0.2.1"), check(one, "192.0.2.2"), check(one, "192.0.2.3"), check(two, "192.0.2.1")}
	if want := []string{"", "", "session", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if n := w.misses(l, "192.0.2.1", 5); n != 3 {
		t.Errorf("%d sign-ins are left to the address, want 3", n)
	}
}

func TestLimitsThatAreOffAdmitAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.replica(limit.Rates{})
	if n := w.misses(l, "192.0.2.1", 100); n != 100 || w.keys() != 0 {
		t.Errorf("%d of 100, %d keys", n, w.keys())
	}
}

func TestRedisHoldsNoAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.replica(signIns(5, 1000))
	for _, from := range []string{"192.0.2.77", "2001:db8:1:1::4d"} {
		w.miss(l, from)
	}
	keys, err := w.redis.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) != 4 {
		t.Fatalf("%q, %v", keys, err)
	}
	for _, key := range keys {
		for _, address := range []string{"192.0.2", "2001", "db8", string([]byte{192, 0, 2, 77}), string([]byte{0x20, 0x01, 0x0d, 0xb8})} {
			if !strings.HasPrefix(key, "limit:") || strings.Contains(key, address) {
				t.Errorf("the key %q", key)
			}
		}
		if left := w.redis.PTTL(t.Context(), key).Val(); left <= 0 || left > time.Minute {
			t.Errorf("%s lives for %v", key, left)
		}
	}
}
