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
	// keepEnded is how long the rows of what has ended stay, for whoever asks what became
	// of a sign-in. Of a program's tokens there are too many for that.
	keepEnded   = 30 * 24 * time.Hour
	keepProgram = time.Hour
)

// Sweep deletes what ended long ago, and what is known of deleted accounts, until ctx
// ends. A failure is left to the next round.
func (s *Service) Sweep(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if n, err := s.SweepOnce(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "old authorizations are not deleted", "error", err)
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

// SweepOnce is one round of Sweep; it says how many authorizations went.
func (s *Service) SweepOnce(ctx context.Context) (total int64, err error) {
	now := s.now()
	for _, step := range []struct {
		statement string
		args      []any
		counts    bool
	}{
		{`DELETE FROM access_tokens WHERE hash IN (SELECT hash FROM access_tokens WHERE expires_at < $2 LIMIT $1 FOR UPDATE SKIP LOCKED)`, []any{now.Add(-keepProgram)}, false},
		{`DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE done_at < $2 LIMIT $1 FOR UPDATE SKIP LOCKED)`, []any{now.Add(-lately)}, false},
		// One statement an index: together they would be a walk through the whole table.
		{leaves(`expires_at < $2`), []any{now.Add(-keepEnded)}, true},
		{leaves(`revoked_at < $2`), []any{now.Add(-keepEnded)}, true},
		{leaves(`idle_expires_at < $2 AND revoked_at IS NULL`), []any{now.Add(-keepEnded)}, true},
		{leaves(`expires_at < $2 AND kind IN ('service', 'exchange')`), []any{now.Add(-keepProgram)}, true},
		// Not while Redis has yet to hear of their end: the rows say which tokens these are.
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

// leaves deletes the authorizations that a condition names and on which nothing hangs: a
// parent's row stays while a child's is there.
func leaves(condition string) string {
	return `DELETE FROM authorizations WHERE id IN (
		SELECT id FROM authorizations a WHERE ` + condition + ` AND NOT EXISTS (SELECT FROM authorizations c WHERE c.parent_id = a.id)
		LIMIT $1 FOR UPDATE SKIP LOCKED)`
}

// sweep repeats a statement until it finds nothing: with the leaves gone, their parents
// are leaves.
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
			return total, fmt.Errorf("delete what ended long ago: %w", err)
		}
		if n == 0 {
			return total, nil
		}
	}
}
