package authorization

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/verify/token"
)

// queue adds a selector to the outbox.
func (t *Tx) queue(ctx context.Context, s selector) error {
	id, err := uuid.NewRandom()
	if err != nil {
		return fmt.Errorf("make a selector's id: %w", err)
	}
	if _, err := t.Exec(ctx, `INSERT INTO outbox (id, selector, target, epochs) VALUES ($1, $2, $3, $4)`, id, s.what, s.target, s.epochs); err != nil {
		return fmt.Errorf("queue a change: %w", err)
	}
	t.queued = append(t.queued, id)
	return nil
}

// awaitEarlier makes the caller also wait for earlier changes of the subject that are not
// synced yet. The new selector does not select authorizations of earlier epochs. Without
// this, a repeated request to end everything would succeed before the first is synced.
func (t *Tx) awaitEarlier(ctx context.Context) error {
	_, err := t.addPending(ctx, `
		SELECT o.id FROM outbox o
		LEFT JOIN authorizations a ON a.id = CASE WHEN o.selector = 'tree' AND octet_length(o.target) = 16 THEN encode(o.target, 'hex')::uuid END
		WHERE o.done_at IS NULL AND o.id <> ALL($2) AND (o.selector IN ('subject', 'client') AND o.target = uuid_send($1) OR a.subject_id = $1)`,
		t.subject.id, t.queued)
	return err
}

// takeDue locks selectors that are due and not locked by another transaction, those that
// have waited longest first.
func takeDue(ctx context.Context, tx pgx.Tx) ([]*selector, error) {
	return selectors(tx.Query(ctx, `
		SELECT id, selector, target, epochs, cursor FROM outbox WHERE done_at IS NULL AND turn_at <= clock_timestamp()
		ORDER BY turn_at LIMIT $1 FOR UPDATE SKIP LOCKED`, maxSelectors))
}

// takeByID locks these selectors, except those that are done. If another transaction has
// locked one, it waits.
func takeByID(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) ([]*selector, error) {
	return selectors(tx.Query(ctx, `
		SELECT id, selector, target, epochs, cursor FROM outbox WHERE done_at IS NULL AND id = ANY($1) ORDER BY id FOR UPDATE`, ids))
}

func selectors(rows pgx.Rows, err error) ([]*selector, error) {
	if err != nil {
		return nil, fmt.Errorf("read selectors from the outbox: %w", err)
	}
	taken, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*selector, error) {
		s := &selector{}
		var at []byte
		if err := row.Scan(&s.id, &s.what, &s.target, &s.epochs, &at); err != nil {
			return nil, err
		}
		s.unreadable = s.read(at)
		return s, nil
	})
	if err != nil {
		return nil, fmt.Errorf("read selectors from the outbox: %w", err)
	}
	return taken, nil
}

// finish marks a selector as done. Those of changes are kept for a while, because a
// rebuild replays them. Those that only repaired the record of a token are deleted.
func (s *Service) finish(ctx context.Context, tx pgx.Tx, sel *selector) error {
	var err error
	if sel.what == selectToken && !sel.ended {
		_, err = tx.Exec(ctx, `DELETE FROM outbox WHERE id = $1`, sel.id)
	} else {
		_, err = tx.Exec(ctx, `UPDATE outbox SET done_at = $2 WHERE id = $1`, sel.id, s.now())
	}
	if err != nil {
		return fmt.Errorf("mark a selector as done: %w", err)
	}
	return nil
}

// saveCursor stores how far a selector was synced, and moves it to the end of the queue.
func saveCursor(ctx context.Context, tx pgx.Tx, sel *selector) error {
	if _, err := tx.Exec(ctx, `UPDATE outbox SET cursor = $2, turn_at = clock_timestamp() WHERE id = $1`, sel.id, sel.at.encode()); err != nil {
		return fmt.Errorf("store the cursor of a selector: %w", err)
	}
	return nil
}

// postpone delays a selector that this program cannot read, so that it does not block
// others. A newer program may have queued it.
func (s *Service) postpone(ctx context.Context, tx pgx.Tx, sel *selector) error {
	s.log.ErrorContext(ctx, "a change in the outbox cannot be read by this version: the next attempt is in a minute", "id", sel.id, "selector", sel.what, "error", sel.unreadable)
	if _, err := tx.Exec(ctx, `UPDATE outbox SET turn_at = clock_timestamp() + interval '1 minute' WHERE id = $1`, sel.id); err != nil {
		return fmt.Errorf("postpone a selector: %w", err)
	}
	return nil
}

// queueTokens adds the tokens to the outbox, except those that are already there.
func (s *Service) queueTokens(ctx context.Context, tokens []token.Hash) error {
	return s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		_, err := db.Exec(ctx, `
			INSERT INTO outbox (id, selector, target)
			SELECT gen_random_uuid(), 'token', t.hash FROM access_tokens t
			WHERE t.hash = ANY($1) AND NOT EXISTS (SELECT FROM outbox o WHERE o.selector = 'token' AND o.target = t.hash AND o.done_at IS NULL)`, raw(tokens))
		if err != nil {
			return fmt.Errorf("queue tokens with damaged records: %w", err)
		}
		return nil
	})
}

// isSynced reports whether no selector is due.
func (s *Service) isSynced(ctx context.Context) (yes bool, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		return db.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM outbox WHERE done_at IS NULL AND turn_at <= clock_timestamp())`).Scan(&yes)
	})
	return yes, err
}

// Waiting counts the changes that are not yet synced to Redis.
func (s *Service) Waiting(ctx context.Context) (n int64, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		return db.QueryRow(ctx, `SELECT count(*) FROM outbox WHERE done_at IS NULL`).Scan(&n)
	})
	return n, err
}
