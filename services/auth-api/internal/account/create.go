package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
)

// Create makes an account for somebody, as an operator does. Unlike Register it says that
// the address has an account. verified means that the operator vouches that the address is
// the person's. Faults: validation_failed, already_exists, busy, store_unavailable.
func (s *Service) Create(ctx context.Context, email, password string, verified bool) (uuid.UUID, error) {
	id, email, phc, err := s.prepare(ctx, email, password)
	if err != nil {
		return uuid.Nil, fmt.Errorf("create account: %w", err)
	}
	err = s.store.create(ctx, s.codes, id, email, phc, verified, func(ctx context.Context, tx pgx.Tx) error {
		return s.audit.Record(ctx, tx, audit.Event{Verb: audit.CreateAccount, Subject: audit.AccountOf(id)})
	})
	if err != nil {
		return uuid.Nil, fmt.Errorf("create account: %w", err)
	}
	return id, nil
}

// prepare checks address and password of a new account, and hashes the password.
func (s *Service) prepare(ctx context.Context, email, password string) (id uuid.UUID, parsed, phc string, err error) {
	if parsed, err = ParseEmail("email", email); err != nil {
		return uuid.Nil, "", "", err
	}
	if err := s.policy.Check("password", password, parsed); err != nil {
		return uuid.Nil, "", "", err
	}
	if phc, err = s.passwords.Hash(ctx, password); err != nil {
		return uuid.Nil, "", "", err
	}
	if id, err = uuid.NewV7FromReader(s.random); err != nil {
		return uuid.Nil, "", "", fmt.Errorf("make an account id: %w", err)
	}
	return id, parsed, phc, nil
}
