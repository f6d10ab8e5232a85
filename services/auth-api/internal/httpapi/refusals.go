package httpapi

import (
	"log/slog"
	"sync"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
)

// refusalPeriod is for how long refusals are summed up.
const refusalPeriod = 10 * time.Second

// refusals keeps floods out of the log. Of the requests that a limit or a full queue has
// refused, one in each period has its line; the others are counted, and told together.
type refusals struct {
	log *slog.Logger

	mu      sync.Mutex // guards the fields below
	running bool
	since   time.Time
	counts  map[fault.Code]int
}

func newRefusals(log *slog.Logger) *refusals {
	return &refusals{log: log, counts: map[fault.Code]int{}}
}

// isRefusal says whether requests with a code can come as a flood. Metrics count each.
func isRefusal(code fault.Code) bool { return code == fault.TooManyAttempts || code == fault.Busy }

// note counts a refusal, unless it is the first of a period, which has a line of its own.
func (r *refusals) note(code fault.Code, now time.Time) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.running {
		r.running, r.since = true, now
		time.AfterFunc(refusalPeriod, r.tell)
		return true
	}
	r.counts[code]++
	return false
}

// tell logs what was counted, and ends the period.
func (r *refusals) tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for code, n := range r.counts {
		r.log.Info("more requests were refused", "code", string(code), "requests", n, "since", r.since.UTC().Format(time.RFC3339))
	}
	clear(r.counts)
	r.running = false
}
