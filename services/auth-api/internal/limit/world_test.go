package limit_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/limit"
	"auth.books.test/verify/direct"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

// redisTimeout is longer than in production: the tests of other packages may keep the
// processors busy.
const redisTimeout = 5 * time.Second

// world is what the limiters of a test share: a Redis and a clock.
type world struct {
	t       *testing.T
	redis   redis.UniversalClient
	timeout time.Duration
	log     devtest.Output
	ahead   atomic.Int64
}

func newWorld(t *testing.T) *world { return worldOn(t, devtest.Redis(t)) }

func worldOn(t *testing.T, url string) *world {
	t.Helper()
	client, err := direct.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return &world{t: t, redis: client, timeout: redisTimeout}
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// pass moves the clock.
func (w *world) pass(d time.Duration) { w.ahead.Add(int64(d)) }

// replica makes a limiter.
func (w *world) replica(rates limit.Rates) *limit.Limiter {
	return limit.New(limit.Options{
		Rates: rates, Redis: w.redis, Timeout: w.timeout, Key: []byte("0123456789abcdef0123456789abcdef"), Now: w.now, Log: slog.New(slog.NewJSONHandler(&w.log, nil)),
	})
}

// keys is how many keys there are in Redis.
func (w *world) keys() int {
	w.t.Helper()
	n, err := w.redis.DBSize(w.t.Context()).Result()
	if err != nil {
		w.t.Fatal(err)
	}
	return int(n)
}

// signIns are limits of sign-ins alone.
func signIns(address, overall int) limit.Rates {
	return limit.Rates{SignIn: limit.Rate{Attempts: address, Period: time.Minute}, SignInOverall: limit.Rate{Attempts: overall, Period: time.Minute}}
}

// miss signs in with a wrong password, and says whether it was admitted.
func (w *world) miss(l *limit.Limiter, from string) bool {
	w.t.Helper()
	a, err := l.AttemptSignIn(w.t.Context(), limit.SignIn{From: netip.MustParseAddr(from)})
	if err != nil {
		w.refusal(err)
		return false
	}
	a.Keep()
	return true
}

// misses is how many of n attempts were admitted.
func (w *world) misses(l *limit.Limiter, from string, n int) (admitted int) {
	w.t.Helper()
	for range n {
		if w.miss(l, from) {
			admitted++
		}
	}
	return admitted
}

// refusal is the fault of a limit; the test fails if it is another error.
func (w *world) refusal(err error) *fault.Error {
	w.t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.TooManyAttempts || f.Limit == nil || f.RetryAfter <= 0 {
		w.t.Fatalf("got %v, want a limit's refusal", err)
	}
	return f
}

// metric is the sum of a metric, for a limit or all.
func (w *world) metric(l *limit.Limiter, name, of string) (sum int) {
	w.t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(l.Collectors()...)
	families, err := r.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			labels := fmt.Sprint(m.GetLabel())
			if family.GetName() == name && (of == "" || labels == fmt.Sprintf(`[name:"limit" value:"%s"]`, of) || labels == fmt.Sprintf(`[name:"limit"  value:"%s"]`, of)) {
				sum += int(m.GetCounter().GetValue())
			}
		}
	}
	return sum
}
