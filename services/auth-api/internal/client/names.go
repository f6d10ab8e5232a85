package client

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
)

// Names returns the names of clients. Those that are disabled or missing are left out. Fault: store_unavailable.
func (s *Store) Names(ctx context.Context, ids []uuid.UUID) (names map[uuid.UUID]string, err error) {
	names = map[uuid.UUID]string{}
	if len(ids) == 0 {
		return names, nil
	}
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `SELECT id, name FROM clients WHERE id = ANY($1) AND disabled_at IS NULL`, ids)
		if err != nil {
			return err
		}
		var id uuid.UUID
		var name string
		_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
			names[id] = name
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the names of clients: %w", err)
	}
	return names, nil
}
