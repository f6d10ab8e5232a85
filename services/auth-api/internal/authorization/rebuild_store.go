package authorization

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/verify/token"
)

// reopen puts what was carried since a moment back into the outbox.
func (s *Service) reopen(ctx context.Context, since time.Time) error {
	return s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		if _, err := db.Exec(ctx, `UPDATE outbox SET done_at = NULL, cursor = NULL WHERE done_at > $1`, since); err != nil {
			return fmt.Errorf("put changes back into the outbox: %w", err)
		}
		return nil
	})
}

// page is where a rebuild is in the tokens, in the order of their authorizations.
type page struct {
	authorization uuid.UUID
	hash          []byte
	more          bool
}

// restorePage makes the next tokens live that are alive, whatever Redis holds of them.
func (s *Service) restorePage(ctx context.Context, p page) (next page, restored int, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		next = p
		rows, err := tx.Query(ctx, `
			SELECT authorization_id, hash FROM access_tokens
			WHERE (authorization_id, hash) > ($1, $2) AND expires_at > $3 ORDER BY authorization_id, hash LIMIT $4`,
			p.authorization, notNilBytes(p.hash), s.now(), rebuildBatch)
		if err != nil {
			return fmt.Errorf("read tokens: %w", err)
		}
		var ids []uuid.UUID
		var hashes []token.Hash
		_, err = pgx.ForEachRow(rows, []any{&next.authorization, &next.hash}, func() error {
			hash, err := token.HashFrom(next.hash)
			ids, hashes = append(ids, next.authorization), append(hashes, hash)
			return err
		})
		if err != nil {
			return fmt.Errorf("read tokens: %w", err)
		}
		next.more = len(hashes) == rebuildBatch
		if err := holdRoles(ctx, tx); err != nil {
			return err
		}
		restored, _, err = s.sync(ctx, tx, distinct(ids), hashes, s.records.Restore)
		return err
	})
	return next, restored, err
}

// dead gives those of the tokens that are not alive, or not known.
func (s *Service) dead(ctx context.Context, tokens []token.Hash) (dead []token.Hash, err error) {
	if len(tokens) == 0 {
		return nil, nil
	}
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT authorization_id FROM access_tokens WHERE hash = ANY($1)`, raw(tokens))
		if err != nil {
			return fmt.Errorf("find authorizations of tokens: %w", err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			return fmt.Errorf("find authorizations of tokens: %w", err)
		}
		alive, _, err := s.principals(ctx, tx, distinct(ids), tokens)
		if err != nil {
			return err
		}
		known := make(map[token.Hash]bool, len(alive))
		for _, p := range alive {
			known[p.Hash] = true
		}
		dead = nil
		for _, h := range tokens {
			if !known[h] {
				dead = append(dead, h)
			}
		}
		return nil
	})
	return dead, err
}

func notNilBytes(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
