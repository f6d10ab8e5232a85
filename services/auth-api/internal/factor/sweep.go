package factor

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	sweepInterval = 10 * time.Minute
	// sweepBatch is how many rows one statement deletes.
	sweepBatch = 1000
)

// Sweep deletes challenges that are over and secrets that were never confirmed, until ctx
// ends. The next round repeats what failed.
func (s *Service) Sweep(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		if _, err := s.SweepOnce(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "old challenges cannot be deleted yet", "error", err)
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
	for _, step := range []struct {
		statement string
		before    time.Time
	}{
		{`DELETE FROM sign_in_challenges WHERE hash IN (SELECT hash FROM sign_in_challenges WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, s.now()},
		{`DELETE FROM totps WHERE account IN (SELECT account FROM totps WHERE confirmed_at IS NULL AND created_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, s.now().Add(-enrolmentLifetime)},
	} {
		for {
			var n int64
			err := s.store.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
				tag, err := tx.Exec(ctx, step.statement, step.before, sweepBatch)
				n = tag.RowsAffected()
				return err
			})
			total += n
			if err != nil {
				return total, fmt.Errorf("delete old challenges: %w", err)
			}
			if n < sweepBatch {
				break
			}
		}
	}
	return total, nil
}
