package app

import (
	"context"
	"math"
)

// warnOfStrays tells of events in the default partition, once at the start; the metric
// auth_audit_stray tells it later.
func (a *App) warnOfStrays(ctx context.Context) {
	if found, err := a.events.Strays(ctx); err == nil && found {
		a.log.WarnContext(ctx, "events are in the default partition: the partition of their month is missing, or a clock was wrong. `auth-api audit maintain` makes the partition and moves them")
	}
}

// stray is 1 while the default partition has events, and NaN if Postgres does not answer.
func (a *App) stray() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	found, err := a.events.Strays(ctx)
	switch {
	case err != nil:
		return math.NaN()
	case found:
		return 1
	}
	return 0
}
