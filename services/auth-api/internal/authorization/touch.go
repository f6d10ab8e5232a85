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
	// touchEvery is how often sessions are looked at whose idle end is near.
	touchEvery   = time.Second
	touchTimeout = 5 * time.Second
	// touchBatch is how many sessions are looked at in one transaction.
	touchBatch = 500
	// near is how long before its idle end a session is looked at for the last time.
	near = 5 * touchEvery
	// clockSlack is how far the times of Redis may be off: it counts seconds.
	clockSlack = 3 * time.Second
)

// looksPer is how many times in an idle lifetime all sessions are looked at. A use
// that is older than such a part is found even if the last moments before the end are
// missed, because a store is away.
const looksPer = 24

// Touch notes uses until ctx ends. Whoever verifies a token has Redis read its record,
// or, if it answers from memory, sends TOUCH: so Redis knows when each was used last.
// Touch asks it, and moves the idle end of the session, in Postgres and then in the
// record. What cannot be found out now is found out at the next look.
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
		// Most are looked at now and then, those that are about to end each time.
		until := near
		if now := s.now(); now.Sub(looked) >= s.idle/looksPer {
			looked, until = now, s.idle-s.idle/looksPer
		}
		err := s.TouchOnce(ctx, until)
		if err != nil && !failing && ctx.Err() == nil {
			s.log.WarnContext(ctx, "uses of sessions are not noted", "error", err)
		}
		failing = err != nil
	}
}

// TouchOnce is one look at the sessions whose idle end is nearer than that.
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

// due is a token of a session that may have been used.
type due struct {
	id        uuid.UUID
	idleEnd   time.Time
	hash      token.Hash
	writtenAt time.Time
}

// due gives the next in the order of their idle ends, as the index has them.
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

// touch asks Redis when the sessions were used last, and notes what is new.
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
		// Redis takes our own writing for a use.
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
	return s.note(ctx, ids, used, now)
}

// note moves idle ends. Subjects that somebody else holds are left for the next look:
// most likely they are being ended.
func (s *Service) note(ctx context.Context, ids []uuid.UUID, used []time.Time, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, touchTimeout)
	defer cancel()
	return s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := holdRoles(ctx, tx); err != nil {
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
			return fmt.Errorf("move idle ends: %w", err)
		}
		moved, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			return fmt.Errorf("move idle ends: %w", err)
		}
		_, err = s.sync(ctx, tx, moved, nil, s.records.Replace)
		return err
	})
}
