package session

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/postgres"
)

// Store keeps the origins of sessions in Postgres.
type Store struct{ db *postgres.DB }

// NewStore uses the database.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

func insert(ctx context.Context, tx pgx.Tx, id uuid.UUID, from Origin) error {
	if _, err := tx.Exec(ctx, `INSERT INTO sessions (id, device, ip) VALUES ($1, $2, $3)`, id, from.Device, from.IP); err != nil {
		return fmt.Errorf("insert session: %w", err)
	}
	return nil
}

func update(ctx context.Context, tx pgx.Tx, id uuid.UUID, from Origin) error {
	if _, err := tx.Exec(ctx, `UPDATE sessions SET device = $2, ip = $3 WHERE id = $1`, id, from.Device, from.IP); err != nil {
		return fmt.Errorf("update session: %w", err)
	}
	return nil
}

func (s *Store) origins(ctx context.Context, of []authorization.Authorization) (map[uuid.UUID]Origin, error) {
	found := make(map[uuid.UUID]Origin, len(of))
	if len(of) == 0 {
		return found, nil
	}
	ids := make([]uuid.UUID, len(of))
	for n, a := range of {
		ids[n] = a.ID
	}
	err := s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `SELECT id, device, ip FROM sessions WHERE id = ANY($1)`, ids)
		if err != nil {
			return err
		}
		var id uuid.UUID
		var from Origin
		_, err = pgx.ForEachRow(rows, []any{&id, &from.Device, &from.IP}, func() error {
			found[id] = from
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read origins of sessions: %w", err)
	}
	return found, nil
}
