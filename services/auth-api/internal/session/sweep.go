package session

import (
	"context"
	"time"
)

const (
	sweepEvery = time.Hour
	sweepBatch = 1000
	// keepEnded is how long the rows of ended sessions stay, for whoever asks
	// what became of a sign-in.
	keepEnded = 30 * 24 * time.Hour
)

// Sweep deletes the rows of sessions that ended long ago, until ctx ends. A
// failure is left to the next round.
func (s *Service) Sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if n, err := s.SweepOnce(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "old sessions are not deleted", "error", err)
		} else if n > 0 {
			s.log.InfoContext(ctx, "old sessions deleted", "sessions", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// SweepOnce is one round of Sweep; it says how many rows went.
func (s *Service) SweepOnce(ctx context.Context) (total int64, err error) {
	for {
		n, err := s.store.sweep(ctx, s.now().Add(-keepEnded))
		total += n
		if err != nil || n < sweepBatch {
			return total, err
		}
	}
}
