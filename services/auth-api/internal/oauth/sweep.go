package oauth

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"auth.books.test/services/auth-api/internal/postgres"
)

const sweepEvery = 5 * time.Minute

// Sweep deletes codes whose reuse is not noticed any more, and pushed requests that were not
// used, until ctx ends. The next round repeats what failed.
func (s *Service) Sweep(ctx context.Context, log *slog.Logger) {
	postgres.Sweep(ctx, log, sweepEvery, "old authorization codes cannot be deleted yet", s.SweepOnce)
}

// SweepOnce is one round of Sweep. It returns how many rows it deleted.
func (s *Service) SweepOnce(ctx context.Context) (total int64, err error) {
	now := s.Now()
	for _, step := range []struct {
		statement string
		before    time.Time
	}{
		{`DELETE FROM authorization_codes WHERE request_id IN (SELECT request_id FROM authorization_codes WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, now.Add(-codeRetention)},
		{`DELETE FROM pushed_requests WHERE hash IN (SELECT hash FROM pushed_requests WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, now},
	} {
		n, err := s.DB.Drain(ctx, step.statement, step.before, postgres.SweepBatch)
		total += n
		if err != nil {
			return total, fmt.Errorf("delete old codes and pushed requests: %w", err)
		}
	}
	return total, nil
}
