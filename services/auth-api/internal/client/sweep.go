package client

import (
	"context"
	"fmt"
	"time"
)

const (
	sweepInterval = time.Minute
	// sweepBatch is how many rows one statement deletes.
	sweepBatch = 1000
	// assertionRetention is how long the row of an expired assertion stays: the clocks of
	// replicas may differ by less.
	assertionRetention = 5 * time.Minute
)

// Sweep deletes the rows of expired assertions until ctx ends. The next round repeats what
// failed.
func (s *Service) Sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		if _, err := s.SweepOnce(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "expired assertions of clients cannot be deleted yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// SweepOnce is one round of Sweep. It returns how many rows it deleted.
func (s *Service) SweepOnce(ctx context.Context) (total int64, err error) {
	for {
		n, err := s.store.dropAssertions(ctx, s.now().Add(-assertionRetention))
		total += n
		if err != nil {
			return total, fmt.Errorf("delete expired assertions: %w", err)
		}
		if n < sweepBatch {
			return total, nil
		}
	}
}
