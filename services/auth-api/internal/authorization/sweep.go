package authorization

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
)

const (
	sweepEvery = 5 * time.Minute
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
		// Without its nonces nobody can draw a refresh token again, whatever they have. Those of
		// the grace window stay, by the clock that measures it.
		{`UPDATE refresh_tokens SET rotations = '' WHERE authorization_id IN (
			SELECT authorization_id FROM refresh_tokens WHERE rotations <> '' AND rotated_at < clock_timestamp() - $2::interval LIMIT $1 FOR UPDATE SKIP LOCKED)`, []any{2 * refreshGrace}, false},
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
	} {
		n, err := s.sweep(ctx, step.statement, step.args...)
		if step.counts {
			total += n
		}
		if err != nil {
			return total, err
		}
	}
	return total, s.finishErasing(ctx)
}

// finishErasing is for deleted accounts that have no authorizations any more. Refusals may
// have been recorded since the deletion: their addresses go, too.
func (s *Service) finishErasing(ctx context.Context) error {
	for {
		var erased []uuid.UUID
		err := s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
			rows, err := tx.Query(ctx, `
				SELECT id FROM subjects s WHERE erasing AND NOT EXISTS (SELECT FROM authorizations a WHERE a.subject_id = s.id)
				LIMIT $1 FOR UPDATE SKIP LOCKED`, postgres.SweepBatch)
			if err != nil {
				return err
			}
			if erased, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID]); err != nil || len(erased) == 0 {
				return err
			}
			if err := s.audit.Forget(ctx, tx, erased...); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `UPDATE subjects SET erasing = false WHERE id = ANY($1)`, erased)
			return err
		})
		if err != nil {
			return fmt.Errorf("finish erasing deleted accounts: %w", err)
		}
		if len(erased) == 0 {
			return nil
		}
	}
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
	total, err = s.db.Drain(ctx, statement, append([]any{postgres.SweepBatch}, args...)...)
	if err != nil {
		return total, fmt.Errorf("delete old authorizations: %w", err)
	}
	return total, nil
}
