package api

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/session"
)

// CreateRole makes a role of scopes that the API offers. Faults:
// validation_failed, api_not_found, already_exists, store_unavailable.
func (s *Service) CreateRole(ctx context.Context, audience, role string, scopes []string) error {
	if err := checkName("role", role); err != nil {
		return err
	}
	scopes, err := checkScopes(scopes)
	if err != nil {
		return err
	}
	id, err := uuid.NewV7FromReader(s.random)
	if err != nil {
		return fmt.Errorf("make a role's id: %w", err)
	}
	err = s.sessions.Regrant(ctx, nobody, func(ctx context.Context, tx pgx.Tx) error {
		api, err := offering(ctx, tx, audience, scopes)
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `INSERT INTO roles (id, api_id, name, scopes) VALUES ($1, $2, $3, $4) ON CONFLICT (api_id, name) DO NOTHING`, id, api, role, scopes)
		if err == nil && tag.RowsAffected() == 0 {
			return fault.New(fault.AlreadyExists, "The API has a role of this name.")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("create role: %w", err)
	}
	return nil
}

// SetRole changes the scopes of a role. Those that it has no more are gone from
// the live tokens of all who hold it when SetRole returns. Faults:
// validation_failed, api_not_found, role_not_found, store_unavailable.
func (s *Service) SetRole(ctx context.Context, audience, role string, scopes []string) error {
	scopes, err := checkScopes(scopes)
	if err != nil {
		return err
	}
	holders := accounts(`SELECT g.account_id FROM grants g JOIN roles r ON r.id = g.role_id JOIN apis a ON a.id = r.api_id WHERE a.audience = $1 AND r.name = $2`, audience, role)
	err = s.sessions.Regrant(ctx, holders, func(ctx context.Context, tx pgx.Tx) error {
		api, err := offering(ctx, tx, audience, scopes)
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `UPDATE roles SET scopes = $3 WHERE api_id = $1 AND name = $2`, api, role, scopes)
		if err == nil && tag.RowsAffected() == 0 {
			return roleNotFound()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("change a role's scopes: %w", err)
	}
	return nil
}

// offering finds the API and holds that it offers the scopes.
func offering(ctx context.Context, tx pgx.Tx, audience string, scopes []string) (id uuid.UUID, err error) {
	var offered bool
	err = tx.QueryRow(ctx, `SELECT id, scopes @> $2 FROM apis WHERE audience = $1`, audience, scopes).Scan(&id, &offered)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, audienceNotFound()
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("read API: %w", err)
	}
	if !offered {
		return uuid.Nil, fault.Invalid("scope", "not_offered", "A role may have only scopes that its API offers.")
	}
	return id, nil
}

// accounts are those whose ids the query gives.
func accounts(query string, args ...any) session.Whose {
	return func(ctx context.Context, tx pgx.Tx) ([]uuid.UUID, error) {
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return nil, fmt.Errorf("find accounts: %w", err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			return nil, fmt.Errorf("find accounts: %w", err)
		}
		return ids, nil
	}
}
