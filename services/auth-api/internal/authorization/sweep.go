package authorization

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	sweepEvery = 5 * time.Minute
	sweepBatch = 1000
	// retention is how long the rows of ended authorizations are kept, so that one can look
	// up why a sign-in ended. Programs have too many tokens for that.
	retention        = 30 * 24 * time.Hour
	programRetention = time.Hour
)

// Sweep deletes authorizations that ended long ago, and those of deleted accounts, until
// ctx ends. The next round repeats what failed.
func (s *Service) Sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if n, err := s.SweepOnce(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "old authorizations cannot be deleted yet", "error", err)
		} else if n > 0 {
			s.log.InfoContext(ctx, "old authorizations deleted", "authorizations", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// SweepOnce is one round of Sweep. It returns how many authorizations it deleted.
func (s *Service) SweepOnce(ctx context.Context) (total int64, err error) {
	now := s.now()
	for _, step := range []struct {
		statement string
		args      []any
		counts    bool
	}{
		{`DELETE FROM access_tokens WHERE hash IN (SELECT hash FROM access_tokens WHERE expires_at < $2 LIMIT $1 FOR UPDATE SKIP LOCKED)`, []any{now.Add(-programRetention)}, false},
		{`DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE done_at < $2 LIMIT $1 FOR UPDATE SKIP LOCKED)`, []any{now.Add(-replayWindow)}, false},
		// One statement for each index: a combined condition would scan the whole table.
		{deleteLeaves(`expires_at < $2`), []any{now.Add(-retention)}, true},
		{deleteLeaves(`revoked_at < $2`), []any{now.Add(-retention)}, true},
		{deleteLeaves(`idle_expires_at < $2 AND revoked_at IS NULL`), []any{now.Add(-retention)}, true},
		{deleteLeaves(`expires_at < $2 AND kind IN ('service', 'exchange')`), []any{now.Add(-programRetention)}, true},
		// Not before their end is synced to Redis: that needs the rows.
		{`DELETE FROM authorizations WHERE id IN (
			SELECT a.id FROM subjects s JOIN authorizations a ON a.subject_id = s.id
			WHERE s.erasing AND NOT EXISTS (SELECT FROM authorizations c WHERE c.parent_id = a.id)
				AND NOT EXISTS (SELECT FROM outbox o WHERE o.selector = 'subject' AND o.target = uuid_send(s.id) AND o.done_at IS NULL)
			LIMIT $1 FOR UPDATE OF a SKIP LOCKED)`, nil, true},
		{`UPDATE subjects SET erasing = false WHERE id IN (
			SELECT id FROM subjects s WHERE erasing AND NOT EXISTS (SELECT FROM authorizations a WHERE a.subject_id = s.id)
			LIMIT $1 FOR UPDATE SKIP LOCKED)`, nil, false},
	} {
		n, err := s.sweep(ctx, step.statement, step.args...)
		if step.counts {
			total += n
		}
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// deleteLeaves deletes the authorizations that match the condition and have no children: a
// parent's row stays as long as a child's.
func deleteLeaves(condition string) string {
	return `DELETE FROM authorizations WHERE id IN (
		SELECT id FROM authorizations a WHERE ` + condition + ` AND NOT EXISTS (SELECT FROM authorizations c WHERE c.parent_id = a.id)
		LIMIT $1 FOR UPDATE SKIP LOCKED)`
}

// sweep repeats a statement until it finds nothing: when leaves are deleted, their parents
// become leaves.
func (s *Service) sweep(ctx context.Context, statement string, args ...any) (total int64, err error) {
	for {
		var n int64
		err := s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, statement, append([]any{sweepBatch}, args...)...)
			n = tag.RowsAffected()
			return err
		})
		total += n
		if err != nil {
			return total, fmt.Errorf("delete old authorizations: %w", err)
		}
		if n == 0 {
			return total, nil
		}
	}
}
