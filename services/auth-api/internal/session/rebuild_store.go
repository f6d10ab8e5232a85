package session

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// page is some of the tokens of sessions, in the order of the sessions' ids.
type page struct {
	tokens hashes
	// last is the session from which to go on; more says whether there may be any.
	last uuid.UUID
	more bool
}

// endedSince gives the next tokens of sessions that were ended after a moment.
func (s *Store) endedSince(ctx context.Context, moment time.Time, after uuid.UUID) (next page, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, token_hash FROM sessions WHERE revoked_at > $1 AND id > $2 ORDER BY id LIMIT $3`, moment, after, rebuildBatch)
		if err != nil {
			return fmt.Errorf("read ended sessions: %w", err)
		}
		next, err = collectPage(rows)
		return err
	})
	return next, err
}

// withLive runs work on the next live sessions, in a transaction that holds their
// accounts against being changed. They are read again once these are held.
func (s *Store) withLive(ctx context.Context, after uuid.UUID, now time.Time, work func(context.Context, []truth) error) (next page, err error) {
	err = s.inTx(ctx, func(ctx context.Context, tx queueTx) error {
		rows, err := tx.tx.Query(ctx, `
			SELECT id, token_hash FROM sessions
			WHERE id > $1 AND revoked_at IS NULL AND expires_at > $2 AND idle_expires_at > $2 ORDER BY id LIMIT $3`, after, now, rebuildBatch)
		if err != nil {
			return fmt.Errorf("read live sessions: %w", err)
		}
		if next, err = collectPage(rows); err != nil {
			return err
		}
		return tx.locked(ctx, next.tokens, now, work)
	})
	return next, err
}

// withTruths runs work on those of the tokens that are live, in a transaction that
// holds their accounts against being changed.
func (s *Store) withTruths(ctx context.Context, tokens hashes, now time.Time, work func(context.Context, []truth) error) error {
	if len(tokens) == 0 {
		return nil
	}
	return s.inTx(ctx, func(ctx context.Context, tx queueTx) error { return tx.locked(ctx, tokens, now, work) })
}

// locked locks the accounts before it reads the tokens' truths: whoever changes what
// a record says does so before, and it is read, or after work is done.
func (tx queueTx) locked(ctx context.Context, tokens hashes, now time.Time, work func(context.Context, []truth) error) error {
	if _, err := tx.tx.Exec(ctx, `
		SELECT FROM accounts WHERE id IN (SELECT account_id FROM sessions WHERE token_hash = ANY($1)) ORDER BY id FOR SHARE`, raw(tokens)); err != nil {
		return fmt.Errorf("lock accounts: %w", err)
	}
	live, err := tx.truths(ctx, tokens, now)
	if err != nil {
		return err
	}
	return work(ctx, live)
}

// dead gives those of the tokens that stand for no live session.
func (s *Store) dead(ctx context.Context, tokens hashes, now time.Time) (dead hashes, err error) {
	if len(tokens) == 0 {
		return nil, nil
	}
	err = s.inTx(ctx, func(ctx context.Context, tx queueTx) error {
		live, err := tx.truths(ctx, tokens, now)
		dead = deadOf(tokens, live)
		return err
	})
	return dead, err
}

func collectPage(rows pgx.Rows) (p page, err error) {
	var raw []byte
	_, err = pgx.ForEachRow(rows, []any{&p.last, &raw}, func() error {
		hash, err := token.HashFrom(raw)
		p.tokens = append(p.tokens, hash)
		return err
	})
	p.more = len(p.tokens) == rebuildBatch
	return p, err
}

func principalsOf(live []truth) []verify.Principal {
	principals := make([]verify.Principal, len(live))
	for i, t := range live {
		principals[i] = t.principal()
	}
	return principals
}
