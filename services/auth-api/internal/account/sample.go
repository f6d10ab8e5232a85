package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
)

// Sample is an account and an API that it may use, to try the service with.
type Sample struct {
	Email, Password string
	Audience        string
	Scopes          []string
}

// Seed makes what is missing of the sample, as often as it is called. It is for
// development.
func (s *Service) Seed(ctx context.Context, sample Sample) error {
	_, _, err := s.store.byEmail(ctx, sample.Email)
	if errors.Is(err, errNotFound) {
		err = s.Register(ctx, sample.Email, sample.Password)
	}
	if err != nil {
		return fmt.Errorf("seed the sample account: %w", err)
	}
	ids := [2]uuid.UUID{}
	for i := range ids {
		id, err := uuid.NewV7FromReader(s.random)
		if err != nil {
			return fmt.Errorf("make an id: %w", err)
		}
		ids[i] = id
	}
	if err := s.store.seedAPI(ctx, ids[0], ids[1], sample); err != nil {
		return fmt.Errorf("seed the sample API: %w", err)
	}
	return nil
}

func (s *Store) seedAPI(ctx context.Context, apiID, roleID uuid.UUID, sample Sample) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		for _, step := range []struct {
			sql  string
			args []any
		}{
			{`INSERT INTO apis (id, audience, name, scopes) VALUES ($1, $2, $2, $3) ON CONFLICT DO NOTHING`, []any{apiID, sample.Audience, sample.Scopes}},
			{`INSERT INTO roles (id, api_id, name, scopes) SELECT $1, id, 'editor', $3 FROM apis WHERE audience = $2 ON CONFLICT DO NOTHING`, []any{roleID, sample.Audience, sample.Scopes}},
			{`INSERT INTO grants (account_id, role_id) SELECT a.id, r.id FROM accounts a, roles r JOIN apis ON apis.id = r.api_id
				WHERE lower(a.email) = lower($1) AND apis.audience = $2 AND r.name = 'editor' ON CONFLICT DO NOTHING`, []any{sample.Email, sample.Audience}},
		} {
			if _, err := tx.Exec(ctx, step.sql, step.args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fault.Unavailable(err)
	}
	return nil
}
