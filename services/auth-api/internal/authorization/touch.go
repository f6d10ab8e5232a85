package authorization

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/verify/token"
)

const (
	// touchEvery is how often sessions about to reach their idle timeout are checked.
	touchEvery   = time.Second
	touchTimeout = 5 * time.Second
	// touchBatch is how many sessions are read in one transaction.
	touchBatch = 500
	// touchWindow is how close to its idle timeout a session must be to be checked every
	// time.
	touchWindow = 5 * touchEvery
	// clockSlack is how inaccurate the times of Redis may be, which counts in seconds.
	clockSlack = 3 * time.Second
)

// scansPerIdle is how many times within the idle timeout all sessions are checked. So only
// the most recent uses are lost if a store is down just before a session's timeout.
const scansPerIdle = 24

// Touch records the uses of sessions until ctx ends. A verifier reads a token's record in
// Redis, or sends TOUCH if it answers from memory, so Redis knows when each was last used.
// Touch asks Redis and extends the idle timeout of the session, in Postgres and then in the
// record. If a store does not answer, the next round repeats it.
func (s *Service) Touch(ctx context.Context) {
	ticker := time.NewTicker(touchEvery)
	defer ticker.Stop()
	failing := false
	var looked time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		// Sessions close to their timeout are checked every time, all others now and then.
		until := touchWindow
		if now := s.now(); now.Sub(looked) >= s.idle/scansPerIdle {
			looked, until = now, s.idle-s.idle/scansPerIdle
		}
		err := s.TouchOnce(ctx, until)
		if err != nil && !failing && ctx.Err() == nil {
			s.log.WarnContext(ctx, "uses of sessions cannot be recorded", "error", err)
		}
		failing = err != nil
	}
}

// TouchOnce checks the sessions whose idle timeout is sooner than until from now.
func (s *Service) TouchOnce(ctx context.Context, until time.Duration) error {
	var after due
	for {
		due, err := s.due(ctx, until, after)
		if err != nil {
			return fmt.Errorf("touch sessions: %w", err)
		}
		if err := s.touch(ctx, due); err != nil {
			return fmt.Errorf("touch sessions: %w", err)
		}
		if len(due) == 0 {
			return nil
		}
		after = due[len(due)-1]
	}
}

// due is a token of a session that is to be checked.
type due struct {
	id        uuid.UUID
	idleEnd   time.Time
	hash      token.Hash
	writtenAt time.Time
}

// due returns the next tokens to check, ordered by idle timeout like the index.
func (s *Service) due(ctx context.Context, until time.Duration, after due) (found []due, err error) {
	now := s.now()
	if after.idleEnd.IsZero() {
		after.idleEnd = now
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT a.id, a.idle_expires_at, t.hash, a.written_at FROM (
				SELECT id, idle_expires_at, written_at FROM authorizations
				WHERE (idle_expires_at, id) > ($1, $2) AND idle_expires_at > $3 AND idle_expires_at < $4 AND idle_expires_at < expires_at AND revoked_at IS NULL
				ORDER BY idle_expires_at, id LIMIT $5) a
			JOIN access_tokens t ON t.authorization_id = a.id ORDER BY a.idle_expires_at, a.id`, after.idleEnd, after.id, now, now.Add(until), touchBatch)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d due, err error) {
			var hash []byte
			if err := row.Scan(&d.id, &d.idleEnd, &hash, &d.writtenAt); err != nil {
				return d, err
			}
			d.hash, err = token.HashFrom(hash)
			return d, err
		})
		return err
	})
	return found, err
}

// touch asks Redis when the sessions were last used, and records new uses.
func (s *Service) touch(ctx context.Context, sessions []due) error {
	if len(sessions) == 0 {
		return nil
	}
	hashes := make([]token.Hash, len(sessions))
	for n, d := range sessions {
		hashes[n] = d.hash
	}
	idle, err := s.records.Idle(ctx, hashes)
	if err != nil {
		return err
	}
	now := s.now().UTC().Truncate(time.Second)
	last := map[uuid.UUID]time.Time{}
	for _, d := range sessions {
		since, there := idle[d.hash]
		// Redis counts our own writes as uses.
		if at := now.Add(-since); there && at.After(d.writtenAt.Add(clockSlack)) && at.After(last[d.id]) {
			last[d.id] = at
		}
	}
	if len(last) == 0 {
		return nil
	}
	var ids []uuid.UUID
	var used []time.Time
	for id, at := range last {
		ids, used = append(ids, id), append(used, at)
	}
	return s.recordUses(ctx, ids, used, now)
}

// recordUses extends idle timeouts. It skips subjects that are locked by another
// transaction, which most likely ends them.
func (s *Service) recordUses(ctx context.Context, ids []uuid.UUID, used []time.Time, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, touchTimeout)
	defer cancel()
	return s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockRolesShared(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT id FROM subjects WHERE id IN (SELECT subject_id FROM authorizations WHERE id = ANY($1)) ORDER BY id FOR UPDATE SKIP LOCKED`, ids)
		if err != nil {
			return fmt.Errorf("lock subjects: %w", err)
		}
		subjects, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			return fmt.Errorf("lock subjects: %w", err)
		}
		rows, err = tx.Query(ctx, `
			UPDATE authorizations a SET used_at = u.at, written_at = $3, idle_expires_at = LEAST(u.at + $4::interval, a.expires_at)
			FROM unnest($1::uuid[], $2::timestamptz[]) u(id, at)
			WHERE a.id = u.id AND a.subject_id = ANY($5) AND a.revoked_at IS NULL AND a.idle_expires_at > $3
			RETURNING a.id`, ids, used, now, s.idle, subjects)
		if err != nil {
			return fmt.Errorf("extend idle timeouts: %w", err)
		}
		moved, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			return fmt.Errorf("extend idle timeouts: %w", err)
		}
		_, err = s.sync(ctx, tx, moved, nil, s.records.Replace)
		return err
	})
}
