package code

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// retention is how long a request is kept, at least until its code has ended: as long as it
	// counts against Daily.
	retention     = 24 * time.Hour
	sweepInterval = 10 * time.Minute
	// sweepBatch is how many rows one statement deletes.
	sweepBatch = 1000
)

// Sweep deletes old requests, with the addresses in them, until ctx ends. The next round
// repeats what failed.
func (c *Codes) Sweep(ctx context.Context, log *slog.Logger) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		if _, err := c.SweepOnce(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "old one-time codes cannot be deleted yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// SweepOnce is one round of Sweep. It returns how many rows it deleted.
func (c *Codes) SweepOnce(ctx context.Context) (total int64, err error) {
	for {
		var n int64
		err := c.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, `DELETE FROM codes WHERE id IN (SELECT id FROM codes WHERE created_at < $1 AND (expires_at IS NULL OR expires_at < $1) LIMIT $2 FOR UPDATE SKIP LOCKED)`, c.now().Add(-retention), sweepBatch)
			n = tag.RowsAffected()
			return err
		})
		total += n
		if err != nil {
			return total, fmt.Errorf("delete old one-time codes: %w", err)
		}
		if n < sweepBatch {
			return total, nil
		}
	}
}
