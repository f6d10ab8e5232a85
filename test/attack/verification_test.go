package attack_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

// latencies are those of verifications, and how many were not answered with 200.
type latencies struct {
	took   []time.Duration
	failed int
}

// percentile is 0 if there are none.
func percentile(took []time.Duration, of float64) time.Duration {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)-1, int(of*float64(len(sorted))))]
}

// watch verifies a token a hundred times a second.
func (w *world) watch(ctx context.Context, lasts time.Duration) (l latencies) {
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	for due := time.Now(); sleepUntil(ctx, due); due = due.Add(10 * time.Millisecond) {
		r, err := http.NewRequestWithContext(ctx, "GET", w.url+"/verify?api=books", nil)
		if err != nil {
			w.t.Error(err)
			return l
		}
		r.Header.Set("Authorization", "Bearer "+w.token)
		began := time.Now()
		response, err := w.client.Do(r)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			l.failed++
			continue
		}
		_ = response.Body.Close()
		if response.StatusCode/100 != 2 {
			l.failed++
		}
		l.took = append(l.took, time.Since(began))
	}
	return l
}

// watchLoaded is watch beside as many harmless requests as the attack has guesses.
func (w *world) watchLoaded(ctx context.Context, s size) latencies {
	ctx, end := context.WithTimeout(ctx, s.lasts/5)
	defer end()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.harmless(ctx, s)
	}()
	l := w.watch(ctx, s.lasts/5)
	<-done
	return l
}

// report prints the table.
func report(t *testing.T, s size, g guesses, known, strangers *waits, quiet, loaded, busy latencies) {
	t.Helper()
	row := func(what, format string, args ...any) { t.Logf("| %s | %s |", what, fmt.Sprintf(format, args...)) }
	row("attack", "%v, %d accounts, %d addresses", s.lasts, s.accounts, s.addresses)
	row("guesses sent", "%d", g.sent)
	row("guesses checked", "%d (most at one account: %d, bar %d); %d refused, %d told to come back since all hashing was busy", g.checked, g.most, mostGuesses, g.refused, g.busy)
	row("owners on known devices", "%d sign-ins, %d refused (bar 0); p50 %v, p99 %v", len(known.took), known.refused, percentile(known.took, 0.5).Round(time.Millisecond), percentile(known.took, 0.99).Round(time.Millisecond))
	row("owners on new devices", "%d signed in, %d did not; %d waited for more than %v (bar 0.1 %%); p50 %v, p99 %v, longest %v", len(strangers.took), strangers.refused, strangers.longer(longWait), longWait,
		percentile(strangers.took, 0.5).Round(time.Millisecond), percentile(strangers.took, 0.99).Round(time.Millisecond), percentile(strangers.took, 1).Round(time.Millisecond))
	for _, l := range []struct {
		when string
		latencies
	}{{"before", quiet}, {"beside as many harmless requests", loaded}, {"during the attack", busy}} {
		row("GET /verify "+l.when, "p50 %v, p99 %v (%d), %d failed", percentile(l.took, 0.5).Round(time.Microsecond), percentile(l.took, 0.99).Round(time.Microsecond), len(l.took), l.failed)
	}
}
