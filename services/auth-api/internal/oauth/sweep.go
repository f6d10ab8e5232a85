package oauth

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	sweepEvery = 5 * time.Minute
	sweepBatch = 1000
)

// Sweep deletes codes whose reuse is not noticed any more, and pushed requests that were not
// used, until ctx ends. The next round repeats what failed.
func (s *Service) Sweep(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if _, err := s.SweepOnce(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "old authorization codes cannot be deleted yet", "error", err)
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
	now := s.Now()
	for _, step := range []struct {
		statement string
		before    time.Time
	}{
		{`DELETE FROM authorization_codes WHERE request_id IN (SELECT request_id FROM authorization_codes WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, now.Add(-codeRetention)},
		{`DELETE FROM pushed_requests WHERE hash IN (SELECT hash FROM pushed_requests WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, now},
	} {
		for {
			var n int64
			err := s.DB.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
				tag, err := tx.Exec(ctx, step.statement, step.before, sweepBatch)
				n = tag.RowsAffected()
				return err
			})
			total += n
			if err != nil {
				return total, fmt.Errorf("delete old codes and pushed requests: %w", err)
			}
			if n == 0 {
				break
			}
		}
	}
	return total, nil
}
