package postgres

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// SweepBatch is how many rows one statement of a sweep touches at most. It keeps transactions
// short.
const SweepBatch = 1000

// Drain repeats a statement, each time in a transaction of its own, until it touches no row,
// and returns how many it has touched. The statement has a LIMIT. Fault: store_unavailable.
func (d *DB) Drain(ctx context.Context, statement string, args ...any) (total int64, err error) {
	for {
		var n int64
		err := d.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, statement, args...)
			n = tag.RowsAffected()
			return err
		})
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
}

// Sweep does a round at once and then again and again, until ctx ends. A round that fails is
// logged with the words in failed, and the next one repeats it.
func Sweep(ctx context.Context, log *slog.Logger, every time.Duration, failed string, round func(ctx context.Context) (int64, error)) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if _, err := round(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, failed, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
