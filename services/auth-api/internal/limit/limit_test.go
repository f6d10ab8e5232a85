package limit_test

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"auth.books.test/services/auth-api/internal/limit"
)

func TestNoPeriodHasMoreMissesThanTheLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.replica(signIns(5, 1000))
	for range 5 {
		if !w.miss(l, "192.0.2.1") {
			t.Fatal("refused within the limit")
		}
		w.pass(5 * time.Second)
	}
	// The first of them was 25 seconds ago.
	_, err := l.AttemptSignIn(t.Context(), limit.SignIn{From: netip.MustParseAddr("192.0.2.1")})
	f := w.refusal(err)
	if f.RetryAfter < 34*time.Second || f.RetryAfter > 35*time.Second {
		t.Errorf("try again after %v, want 35s", f.RetryAfter)
	}
	if f.Limit.Name != "sign_in_address" || f.Limit.Quota != 5 || f.Limit.Window != time.Minute {
		t.Errorf("%+v", f.Limit)
	}
	if got := w.metric(l, "auth_limited_total", "sign_in_address"); got != 1 {
		t.Errorf("counted %d", got)
	}
	w.pass(f.RetryAfter)
	if admitted := w.misses(l, "192.0.2.1", 3); admitted != 1 {
		t.Errorf("after the wait %d were admitted, want 1", admitted)
	}
}

func TestGoodAttemptsCostNothingAndClearNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.replica(signIns(5, 1000))
	good := func(n int) {
		for range n {
			a, err := l.AttemptSignIn(t.Context(), limit.SignIn{From: netip.MustParseAddr("192.0.2.1")})
			if err != nil {
				t.Fatal(err)
			}
			a.GiveBack(t.Context())
			a.Keep() // as a deferred call does
		}
	}
	good(100)
	if n := w.keys(); n != 0 {
		t.Errorf("%d keys in Redis", n)
	}
	w.misses(l, "192.0.2.1", 4)
	good(100)
	if admitted := w.misses(l, "192.0.2.1", 3); admitted != 1 {
		t.Errorf("%d misses after 4 of 5 and good ones, want 1", admitted)
	}
}

func TestParallelGuessesAtTwoReplicasStayInOneLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	replicas := []*limit.Limiter{w.replica(signIns(30, 1000)), w.replica(signIns(30, 1000))}
	var admitted atomic.Int64
	var all sync.WaitGroup
	for n := range 80 {
		all.Go(func() {
			if a, err := replicas[n%2].AttemptSignIn(t.Context(), limit.SignIn{From: netip.MustParseAddr("192.0.2.1")}); err == nil {
				admitted.Add(1)
				a.Keep()
			}
		})
	}
	all.Wait()
	// A place can stay free: refused attempts are in the count until they are taken out.
	if n := admitted.Load(); n > 30 || n < 25 {
		t.Errorf("%d of 80 were admitted, want 30", n)
	}
	for _, l := range replicas {
		w.misses(l, "192.0.2.1", 5)
	}
	if n := w.misses(replicas[0], "192.0.2.1", 1) + w.misses(replicas[1], "192.0.2.1", 1); n != 0 {
		t.Errorf("%d more", n)
	}
}

// An office has one address. Its limit is lower than the people who sign in at once.
func TestFiftyParallelGoodAttemptsOfOneAddressAreAdmitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	replicas := []*limit.Limiter{w.replica(signIns(10, 1000)), w.replica(signIns(10, 1000))}
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			a, err := replicas[n%2].AttemptSignIn(t.Context(), limit.SignIn{From: netip.MustParseAddr("192.0.2.1")})
			if err != nil {
				t.Error(err)
				return
			}
			a.GiveBack(t.Context())
		})
	}
	all.Wait()
}

func TestMetricHasOneLabelForEachLimit(t *testing.T) {
	t.Parallel()
	r := prometheus.NewRegistry()
	r.MustRegister(newWorld(t).replica(signIns(1, 1)).Collectors()...)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, family := range families {
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				labels = append(labels, label.GetValue())
			}
		}
	}
	want := []string{"client_address", "client_network", "client_overall", "registration_address", "registration_network", "registration_overall", "second_step", "session", "sign_in_account", "sign_in_address", "sign_in_device", "sign_in_network", "sign_in_overall"}
	if !slices.Equal(labels, want) {
		t.Errorf("%q, want %q", labels, want)
	}
}

// Two attempts read the clock one after the other, and may be counted in the opposite order.
// The clocks of two replicas differ, too.
func TestAttemptThatIsOvertakenIsAdmitted(t *testing.T) {
	t.Parallel()
	r := limit.Rate{Attempts: 10, Period: time.Minute}
	for name, two := range map[string][2]limit.SignIn{
		"two addresses": {{From: netip.MustParseAddr("192.0.2.1")}, {From: netip.MustParseAddr("192.0.2.2")}},
		"a device":      {{Device: "known"}, {Device: "known"}},
	} {
		for other, replicas := range map[string]int{"the same replica": 1, "another replica": 2} {
			w := newWorld(t)
			var all []*limit.Limiter
			for range replicas {
				all = append(all, w.replica(limit.Rates{SignIn: r, SignInOverall: r, Device: r}))
			}
			w.pass(time.Minute)
			for n, s := range two {
				a, err := all[n%replicas].AttemptSignIn(t.Context(), s)
				if err != nil {
					t.Fatalf("%s, %s, attempt %d of 10: %v", name, other, n+1, err)
				}
				a.Keep()
				w.pass(-time.Second)
			}
		}
	}
}
