package client

import (
	"context"
	"fmt"
	"time"

	"auth.books.test/services/auth-api/internal/postgres"
)

const (
	sweepInterval = time.Minute
	// assertionRetention is how long the row of an expired assertion stays: the clocks of
	// replicas may differ by less.
	assertionRetention = 5 * time.Minute
)

// Sweep deletes the rows of expired assertions until ctx ends. The next round repeats what
// failed.
func (s *Service) Sweep(ctx context.Context) {
	postgres.Sweep(ctx, s.log, sweepInterval, "expired assertions of clients cannot be deleted yet", s.SweepOnce)
}

// SweepOnce is one round of Sweep. It returns how many rows it deleted.
func (s *Service) SweepOnce(ctx context.Context) (total int64, err error) {
	total, err = s.store.dropAssertions(ctx, s.now().Add(-assertionRetention))
	if err != nil {
		return total, fmt.Errorf("delete expired assertions: %w", err)
	}
	return total, nil
}
