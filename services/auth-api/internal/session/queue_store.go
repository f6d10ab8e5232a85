package session

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/verify/token"
)

type hashes = []token.Hash

// queueTx is a transaction over the queue of tokens whose records in Redis may
// not be what Postgres says.
type queueTx struct{ tx pgx.Tx }

func (s *Store) inTx(ctx context.Context, work func(context.Context, queueTx) error) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return work(ctx, queueTx{tx}) })
}

// dequeue takes tokens off the queue that have been dropped from Redis.
func (s *Store) dequeue(ctx context.Context, done hashes) error {
	return s.inTx(ctx, func(ctx context.Context, tx queueTx) error { return tx.dequeue(ctx, done) })
}

// lock holds the queue's rows of these tokens, or of the oldest that nobody
// else holds.
func (tx queueTx) lock(ctx context.Context, only hashes) (hashes, error) {
	var rows pgx.Rows
	var err error
	if only == nil {
		rows, err = tx.tx.Query(ctx, `SELECT token_hash FROM token_syncs ORDER BY queued_at LIMIT $1 FOR UPDATE SKIP LOCKED`, relayBatch)
	} else {
		rows, err = tx.tx.Query(ctx, `SELECT token_hash FROM token_syncs WHERE token_hash = ANY($1) ORDER BY token_hash FOR UPDATE`, raw(only))
	}
	if err != nil {
		return nil, fmt.Errorf("lock queued tokens: %w", err)
	}
	return collectHashes(rows)
}

// truths reads which of the tokens are live, and what their records must say.
func (tx queueTx) truths(ctx context.Context, queued hashes, now time.Time) ([]truth, error) {
	rows, err := tx.tx.Query(ctx, `
		SELECT `+truthColumns+`
		FROM sessions s JOIN accounts a ON a.id = s.account_id
		WHERE s.token_hash = ANY($1) AND s.revoked_at IS NULL AND a.status = 'active'
		  AND s.expires_at > $2 AND s.idle_expires_at > $2`, raw(queued), now)
	if err != nil {
		return nil, fmt.Errorf("read queued tokens' sessions: %w", err)
	}
	live, err := pgx.CollectRows(rows, scanTruth)
	if err != nil {
		return nil, fmt.Errorf("read queued tokens' sessions: %w", err)
	}
	return live, nil
}

const truthColumns = sessionColumns + `, s.token_hash, a.email, a.name`

func scanTruth(row pgx.CollectableRow) (truth, error) {
	var t truth
	var hash []byte
	if err := row.Scan(append(t.columns(), &hash, &t.email, &t.name)...); err != nil {
		return truth{}, err
	}
	var err error
	t.hash, err = token.HashFrom(hash)
	return t, err
}

func (tx queueTx) dequeue(ctx context.Context, done hashes) error {
	if _, err := tx.tx.Exec(ctx, `DELETE FROM token_syncs WHERE token_hash = ANY($1)`, raw(done)); err != nil {
		return fmt.Errorf("take tokens off the queue: %w", err)
	}
	return nil
}

// queue adds those of the tokens that a session is known of.
func (s *Store) queue(ctx context.Context, tokens hashes) error {
	return s.inTx(ctx, func(ctx context.Context, tx queueTx) error {
		if _, err := tx.tx.Exec(ctx, `
			INSERT INTO token_syncs (token_hash, account_id) SELECT token_hash, account_id FROM sessions WHERE token_hash = ANY($1)
			ON CONFLICT (token_hash) DO NOTHING`, raw(tokens)); err != nil {
			return fmt.Errorf("queue tokens with damaged records: %w", err)
		}
		return nil
	})
}

// waiting counts the queued tokens.
func (s *Store) waiting(ctx context.Context) (n int64, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		return db.QueryRow(ctx, `SELECT count(*) FROM token_syncs`).Scan(&n)
	})
	return n, err
}

// deadOf gives those of the tokens that are not among the live ones.
func deadOf(tokens hashes, live []truth) (dead hashes) {
	alive := make(map[token.Hash]bool, len(live))
	for _, t := range live {
		alive[t.hash] = true
	}
	for _, h := range tokens {
		if !alive[h] {
			dead = append(dead, h)
		}
	}
	return dead
}

func raw(list hashes) [][]byte {
	out := make([][]byte, len(list))
	for n := range list {
		out[n] = list[n][:]
	}
	return out
}

func collectHashes(rows pgx.Rows) (hashes, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (token.Hash, error) {
		var b []byte
		if err := row.Scan(&b); err != nil {
			return token.Hash{}, err
		}
		return token.HashFrom(b)
	})
}
