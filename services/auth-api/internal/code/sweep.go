package code

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"auth.books.test/services/auth-api/internal/postgres"
)

const (
	// retention is how long a request is kept, at least until its code has ended: as long as it
	// counts against Daily.
	retention     = 24 * time.Hour
	sweepInterval = 10 * time.Minute
)

// Sweep deletes old requests, with the addresses in them, until ctx ends. The next round
// repeats what failed.
func (c *Codes) Sweep(ctx context.Context, log *slog.Logger) {
	postgres.Sweep(ctx, log, sweepInterval, "old one-time codes cannot be deleted yet", c.SweepOnce)
}

// SweepOnce is one round of Sweep. It returns how many rows it deleted.
func (c *Codes) SweepOnce(ctx context.Context) (total int64, err error) {
	total, err = c.db.Drain(ctx, `
		DELETE FROM codes WHERE id IN (SELECT id FROM codes WHERE created_at < $1 AND (expires_at IS NULL OR expires_at < $1) LIMIT $2 FOR UPDATE SKIP LOCKED)`, c.now().Add(-retention), postgres.SweepBatch)
	if err != nil {
		return total, fmt.Errorf("delete old one-time codes: %w", err)
	}
	return total, nil
}
