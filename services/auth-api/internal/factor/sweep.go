package factor

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"auth.books.test/services/auth-api/internal/postgres"
)

const sweepInterval = 10 * time.Minute

// Sweep deletes challenges that are over and secrets that were never confirmed, until ctx
// ends. The next round repeats what failed.
func (s *Service) Sweep(ctx context.Context, log *slog.Logger) {
	postgres.Sweep(ctx, log, sweepInterval, "old challenges cannot be deleted yet", s.SweepOnce)
}

// SweepOnce is one round of Sweep. It returns how many rows it deleted.
func (s *Service) SweepOnce(ctx context.Context) (total int64, err error) {
	for _, step := range []struct {
		statement string
		before    time.Time
	}{
		{`DELETE FROM sign_in_challenges WHERE hash IN (SELECT hash FROM sign_in_challenges WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, s.now()},
		{`DELETE FROM totps WHERE account IN (SELECT account FROM totps WHERE confirmed_at IS NULL AND created_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, s.now().Add(-enrolmentLifetime)},
	} {
		n, err := s.store.db.Drain(ctx, step.statement, step.before, postgres.SweepBatch)
		total += n
		if err != nil {
			return total, fmt.Errorf("delete old challenges: %w", err)
		}
	}
	return total, nil
}
