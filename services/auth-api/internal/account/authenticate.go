package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
)

// Known says whether a sign-in comes from a device that is known to the account. It is asked
// after the account was read and before a hash is computed, and its error ends the sign-in.
// It is nil for a stranger.
type Known func(ctx context.Context, a Account) (bool, error)

// Authenticate returns the account that has this address and password. It computes one
// hash, whether the account exists or not. After MaxMisses wrong passwords in a row, it
// refuses strangers even the right one, in the same words. With invalid_credentials and
// account_disabled it returns the id of the account that has the address, if there is one, so
// that the caller can record it. Faults: validation_failed (not an address),
// invalid_credentials, account_disabled (only if the password is right), busy,
// store_unavailable, and those of known.
func (s *Service) Authenticate(ctx context.Context, email, password string, known Known) (Account, error) {
	email, err := ParseEmail("email", email)
	if err != nil {
		return Account{}, err
	}
	passwords := s.passwords
	if known != nil {
		passwords = s.preferred
	}
	// During a flood most sign-ins are refused. Refuse them before the query.
	if err := passwords.CheckCapacity(); err != nil {
		return Account{}, fmt.Errorf("authenticate: %w", err)
	}
	found, phc, err := s.store.byEmail(ctx, email)
	if err != nil && !errors.Is(err, errNotFound) {
		return Account{}, fmt.Errorf("authenticate: %w", err)
	}
	device := false
	if known != nil {
		var refused error
		if device, refused = known(ctx, found); refused != nil {
			return Account{}, refused
		}
	}
	if !device {
		passwords = s.passwords
	}
	if errors.Is(err, errNotFound) {
		if err := passwords.VerifyDummy(ctx, password); err != nil {
			return Account{}, fmt.Errorf("authenticate: %w", err)
		}
		return Account{}, wrongCredentials()
	}
	ok, needsRehash, err := passwords.Verify(ctx, password, phc)
	if err != nil {
		return Account{}, fmt.Errorf("authenticate: %w", err)
	}
	missed := s.misses.of(found)
	if !device && missed >= MaxMisses || missed >= 2*MaxMisses {
		return Account{ID: found.ID}, wrongCredentials()
	}
	if !ok {
		s.misses.note(found.ID)
		return Account{ID: found.ID}, wrongCredentials()
	}
	if found.Status != Active {
		// A deliberate choice: this answer tells somebody who tries stolen passwords that
		// one is right. They cannot use it here, and could try it elsewhere anyway. In
		// return, the owner learns why they cannot sign in. A wrong password and an unknown
		// address still get the same answer.
		return Account{ID: found.ID}, disabled()
	}
	if needsRehash {
		s.rehash(ctx, found, password)
	}
	found.misses = missed
	s.misses.forget(found.ID)
	return found, nil
}

// Admit checks again, in the transaction of a sign-in, what Authenticate has checked.
// Faults: invalid_credentials (the password was changed, the second factor was turned on or
// off, or the account deleted), account_disabled.
func (a Account) Admit(ctx context.Context, tx pgx.Tx) error {
	g, err := readGuard(ctx, tx, a.ID)
	switch {
	case errors.Is(err, errNotFound) || err == nil && (g.passwordVersion != a.PasswordVersion || g.secondFactor != a.SecondFactor):
		return wrongCredentials()
	case err != nil:
		return err
	case g.status != Active:
		return disabled()
	case a.misses > 0:
		return clearMisses(ctx, tx, a.ID)
	}
	return nil
}

// Recall returns an account whose password was checked a moment ago, for the second step of
// a sign-in. Faults: account_not_found, store_unavailable.
func (s *Service) Recall(ctx context.Context, id uuid.UUID) (Account, error) {
	a, _, err := s.store.byID(ctx, id)
	if err != nil {
		return Account{}, fmt.Errorf("recall an account: %w", accountNotFound(err))
	}
	a.misses = s.misses.of(a)
	return a, nil
}

func disabled() error { return fault.New(fault.AccountDisabled, "This account is disabled.") }

func wrongCredentials() error {
	return fault.New(fault.InvalidCredentials, "E-mail or password is wrong, or this account accepts passwords only from devices that have signed in before.")
}

// rehash replaces the stored hash by one with the present costs. The old hash remains
// valid, so if this fails, the next sign-in tries again.
func (s *Service) rehash(ctx context.Context, a Account, password string) {
	phc, err := s.passwords.Hash(ctx, password)
	if err == nil {
		_ = s.store.replaceHash(ctx, a.ID, a.PasswordVersion, phc)
	}
}
