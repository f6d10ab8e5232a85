package session

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// touch moves the idle end of live sessions. Rows that somebody else holds are
// left out: waiting for them could be a deadlock, and whoever holds them is
// most likely ending them.
func (s *Store) touch(ctx context.Context, used hashes, now time.Time, idle time.Duration) (touched hashes, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx queueTx) error {
		rows, err := tx.tx.Query(ctx, `
			WITH due AS (
				SELECT id FROM sessions
				WHERE token_hash = ANY($1) AND revoked_at IS NULL AND idle_expires_at > $2 AND expires_at > $2
				FOR UPDATE SKIP LOCKED)
			UPDATE sessions s SET seen_at = $2, idle_expires_at = LEAST($3, s.expires_at)
			FROM due WHERE s.id = due.id
			RETURNING s.token_hash`, raw(used), now, now.Add(idle))
		if err != nil {
			return fmt.Errorf("move idle ends: %w", err)
		}
		touched, err = collectHashes(rows)
		return err
	})
	return touched, err
}

// sweep deletes a batch of sessions that ended before a moment.
func (s *Store) sweep(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			DELETE FROM sessions WHERE id IN (
				SELECT id FROM sessions
				WHERE LEAST(expires_at, idle_expires_at, coalesce(revoked_at, expires_at)) < $1
				LIMIT $2 FOR UPDATE SKIP LOCKED)`, before, sweepBatch)
		n = tag.RowsAffected()
		return err
	})
	return n, err
}
