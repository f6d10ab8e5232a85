package api

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
)

// Grant gives the account a role. Its tokens have it from the next sign-in on.
// Granting twice is no error. Faults: account_not_found, api_not_found,
// role_not_found, store_unavailable.
func (s *Service) Grant(ctx context.Context, email, audience, role string) error {
	return s.regrant(ctx, "grant role", `INSERT INTO grants (account_id, role_id) SELECT id, $2 FROM accounts WHERE id = $1 ON CONFLICT DO NOTHING`, email, audience, role)
}

// Revoke takes a role away. What it allowed is gone from the account's live
// tokens when Revoke returns. Revoking twice is no error. Faults: as Grant.
func (s *Service) Revoke(ctx context.Context, email, audience, role string) error {
	return s.regrant(ctx, "revoke role", `DELETE FROM grants WHERE account_id = $1 AND role_id = $2`, email, audience, role)
}

func (s *Service) regrant(ctx context.Context, what, statement, email, audience, role string) error {
	var account uuid.UUID
	whose := func(ctx context.Context, tx pgx.Tx) ([]uuid.UUID, error) {
		err := tx.QueryRow(ctx, `SELECT id FROM accounts WHERE lower(email COLLATE "C") = lower($1 COLLATE "C")`, email).Scan(&account)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, fault.New(fault.AccountNotFound, "There is no account of this address.")
		}
		return []uuid.UUID{account}, err
	}
	err := s.sessions.Regrant(ctx, whose, func(ctx context.Context, tx pgx.Tx) error {
		id, err := roleOf(ctx, tx, audience, role)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, statement, account, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func roleOf(ctx context.Context, tx pgx.Tx, audience, role string) (uuid.UUID, error) {
	api, err := offering(ctx, tx, audience, []string{})
	if err != nil {
		return uuid.Nil, err
	}
	var id uuid.UUID
	err = tx.QueryRow(ctx, `SELECT id FROM roles WHERE api_id = $1 AND name = $2`, api, role).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, roleNotFound()
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("read role: %w", err)
	}
	return id, nil
}
