package session

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// endedSince gives the tokens of a batch of sessions that were ended after a
// moment, and the last of these sessions, from which to go on.
func (s *Store) endedSince(ctx context.Context, moment time.Time, after uuid.UUID) (ended hashes, last uuid.UUID, err error) {
	last = after
	err = s.begin(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, token_hash FROM sessions WHERE revoked_at > $1 AND id > $2 ORDER BY id LIMIT $3`, moment, after, rebuildBatch)
		if err != nil {
			return fmt.Errorf("read ended sessions: %w", err)
		}
		ended, last, err = collectPage(rows, after)
		return err
	})
	return ended, last, err
}

// livePage are some of the live sessions.
type livePage struct {
	live []truth
	// last is the session from which to go on; full says whether there may be more.
	last uuid.UUID
	full bool
}

// withLive runs work on the next live sessions, in a transaction that holds their
// accounts against being changed. They are read again once these are held.
func (s *Store) withLive(ctx context.Context, after uuid.UUID, now time.Time, work func(context.Context, livePage) error) error {
	return s.inTx(ctx, func(ctx context.Context, tx queueTx) error {
		rows, err := tx.tx.Query(ctx, `
			SELECT id, token_hash FROM sessions
			WHERE id > $1 AND revoked_at IS NULL AND expires_at > $2 AND idle_expires_at > $2 ORDER BY id LIMIT $3`, after, now, rebuildBatch)
		if err != nil {
			return fmt.Errorf("read live sessions: %w", err)
		}
		found, last, err := collectPage(rows, after)
		if err != nil {
			return err
		}
		if _, err := tx.tx.Exec(ctx, `
			SELECT FROM accounts WHERE id IN (SELECT account_id FROM sessions WHERE token_hash = ANY($1)) ORDER BY id FOR SHARE`, raw(found)); err != nil {
			return fmt.Errorf("lock accounts: %w", err)
		}
		live, err := tx.truths(ctx, found, now)
		if err != nil {
			return err
		}
		return work(ctx, livePage{live: live, last: last, full: len(found) == rebuildBatch})
	})
}

// dead gives those of the tokens that stand for no live session.
func (s *Store) dead(ctx context.Context, tokens hashes, now time.Time) (dead hashes, err error) {
	if len(tokens) == 0 {
		return nil, nil
	}
	err = s.inTx(ctx, func(ctx context.Context, tx queueTx) error {
		live, err := tx.truths(ctx, tokens, now)
		dead, _ = sift(tokens, live)
		return err
	})
	return dead, err
}

func collectPage(rows pgx.Rows, after uuid.UUID) (found hashes, last uuid.UUID, err error) {
	last = after
	var raw []byte
	_, err = pgx.ForEachRow(rows, []any{&last, &raw}, func() error {
		hash, err := token.HashFrom(raw)
		found = append(found, hash)
		return err
	})
	if err != nil {
		return nil, after, fault.Unavailable(fmt.Errorf("read sessions: %w", err))
	}
	return found, last, nil
}

func identitiesOf(live []truth) []verify.Identity {
	identities := make([]verify.Identity, len(live))
	for i, t := range live {
		identities[i] = t.identity()
	}
	return identities
}
