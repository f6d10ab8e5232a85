package personal

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

// Store keeps the names of tokens in Postgres.
type Store struct{ db *postgres.DB }

// NewStore uses the database.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

func insert(ctx context.Context, tx pgx.Tx, a authorization.Authorization, name string) error {
	if _, err := tx.Exec(ctx, `INSERT INTO personal_tokens (id, name, remind_at) VALUES ($1, $2, $3)`, a.ID, name, nextReminder(a.CreatedAt, a.ExpiresAt)); err != nil {
		return fmt.Errorf("insert personal access token: %w", err)
	}
	return nil
}

// check fails if the authorization is no personal access token. Fault: session_not_found.
func check(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	var is bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM personal_tokens WHERE id = $1)`, id).Scan(&is); err != nil {
		return fmt.Errorf("find personal access token: %w", err)
	}
	if !is {
		return fault.New(fault.SessionNotFound, "")
	}
	return nil
}

func (s *Store) names(ctx context.Context, of []authorization.Authorization) (map[uuid.UUID]string, error) {
	found := make(map[uuid.UUID]string, len(of))
	if len(of) == 0 {
		return found, nil
	}
	ids := make([]uuid.UUID, len(of))
	for n, a := range of {
		ids[n] = a.ID
	}
	err := s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `SELECT id, name FROM personal_tokens WHERE id = ANY($1)`, ids)
		if err != nil {
			return err
		}
		var id uuid.UUID
		var name string
		_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
			found[id] = name
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read names of personal access tokens: %w", err)
	}
	return found, nil
}
