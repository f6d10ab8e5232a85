package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
)

// Authenticate returns the account that has this address and password. It computes one
// hash, whether the account exists or not. Faults: validation_failed (not an address),
// invalid_credentials, account_disabled (only if the password is right), busy,
// store_unavailable.
func (s *Service) Authenticate(ctx context.Context, email, password string) (Account, error) {
	email, err := parseEmail("email", email)
	if err != nil {
		return Account{}, err
	}
	// During a flood most sign-ins are refused. Refuse them before the query.
	if err := s.passwords.CheckCapacity(); err != nil {
		return Account{}, fmt.Errorf("authenticate: %w", err)
	}
	found, phc, err := s.store.byEmail(ctx, email)
	if errors.Is(err, errNotFound) {
		if err := s.passwords.VerifyDummy(ctx, password); err != nil {
			return Account{}, fmt.Errorf("authenticate: %w", err)
		}
		return Account{}, wrongCredentials()
	}
	if err != nil {
		return Account{}, fmt.Errorf("authenticate: %w", err)
	}
	ok, needsRehash, err := s.passwords.Verify(ctx, password, phc)
	if err != nil {
		return Account{}, fmt.Errorf("authenticate: %w", err)
	}
	if !ok {
		return Account{}, wrongCredentials()
	}
	if found.Status != Active {
		// A deliberate choice: this answer tells somebody who tries stolen passwords that
		// one is right. They cannot use it here, and could try it elsewhere anyway. In
		// return, the owner learns why they cannot sign in. A wrong password and an unknown
		// address still get the same answer.
		return Account{}, disabled()
	}
	if needsRehash {
		s.rehash(ctx, found, password)
	}
	return found, nil
}

// Admit checks again, in the transaction of a sign-in, what Authenticate has checked.
// Faults: invalid_credentials (the password was changed or the account deleted),
// account_disabled.
func (a Account) Admit(ctx context.Context, tx pgx.Tx) error {
	status, version, err := passwordVersion(ctx, tx, a.ID)
	switch {
	case errors.Is(err, errNotFound) || err == nil && version != a.PasswordVersion:
		return wrongCredentials()
	case err != nil:
		return err
	case status != Active:
		return disabled()
	}
	return nil
}

func disabled() error { return fault.New(fault.AccountDisabled, "This account is disabled.") }

func wrongCredentials() error {
	return fault.New(fault.InvalidCredentials, "E-mail or password is wrong.")
}

// rehash replaces the stored hash by one with the present costs. The old hash remains
// valid, so if this fails, the next sign-in tries again.
func (s *Service) rehash(ctx context.Context, a Account, password string) {
	phc, err := s.passwords.Hash(ctx, password)
	if err == nil {
		_ = s.store.replaceHash(ctx, a.ID, a.PasswordVersion, phc)
	}
}
