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

// syncedSince returns the next selectors that were synced since then, ordered by id.
func (s *Service) syncedSince(ctx context.Context, since time.Time, after uuid.UUID) (found []*selector, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		found, err = selectors(db.Query(ctx, `
			SELECT id, selector, target, epochs, NULL::bytea FROM outbox WHERE done_at > $1 AND id > $2 ORDER BY id LIMIT $3`, since, after, rebuildBatch))
		return err
	})
	return found, err
}

// replaySelector syncs the next page of a selector again. It does not change the row in the
// outbox.
func (s *Service) replaySelector(ctx context.Context, sel *selector) (done bool, err error) {
	err = s.inRolesTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		ids, last, err := s.next(ctx, tx, sel, pageSize)
		if err != nil {
			return err
		}
		done = last
		if err := s.dropIfEnded(ctx, sel, ids); err != nil {
			return err
		}
		_, err = s.sync(ctx, tx, distinct(ids), nil, s.records.Replace)
		return err
	})
	return done, err
}

// replayTrees replays many trees together, a page at a time: nearly all trees have a single
// authorization.
func (s *Service) replayTrees(ctx context.Context, roots []uuid.UUID, after uuid.UUID) (last uuid.UUID, done bool, err error) {
	err = s.inRolesTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id FROM authorizations WHERE root_id = ANY($1) AND id > $2 ORDER BY id LIMIT $3`, roots, after, pageSize)
		if err != nil {
			return fmt.Errorf("select trees: %w", err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			return fmt.Errorf("select trees: %w", err)
		}
		if done = len(ids) < pageSize; len(ids) > 0 {
			last = ids[len(ids)-1]
		}
		_, err = s.sync(ctx, tx, distinct(ids), nil, s.records.Replace)
		return err
	})
	return last, done, err
}

// inRolesTx runs work in a transaction with the shared lock on roles.
func (s *Service) inRolesTx(ctx context.Context, work func(context.Context, pgx.Tx) error) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockRolesShared(ctx, tx); err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

// page is the position of a rebuild among the tokens, ordered by authorization.
type page struct {
	authorization uuid.UUID
	hash          []byte
	more          bool
}

// restorePage writes the records of the live tokens of the next page.
func (s *Service) restorePage(ctx context.Context, p page) (next page, restored int, err error) {
	err = s.inRolesTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		next = p
		rows, err := tx.Query(ctx, `
			SELECT authorization_id, hash FROM access_tokens
			WHERE (authorization_id, hash) > ($1, $2) AND expires_at > $3 ORDER BY authorization_id, hash LIMIT $4`,
			p.authorization, orEmpty(p.hash), s.now(), rebuildBatch)
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
		restored, err = s.sync(ctx, tx, distinct(ids), hashes, s.records.Restore)
		return err
	})
	return next, restored, err
}

// dead returns those of the tokens that have ended or are not in Postgres.
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
