package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// Register creates an account, unless the address has one. The caller cannot tell the two
// cases apart. Faults: validation_failed (the address or the password is not acceptable),
// busy, store_unavailable.
func (s *Service) Register(ctx context.Context, email, password string) error {
	email, err := parseEmail("email", email)
	if err != nil {
		return err
	}
	if err := s.policy.Check("password", password, email); err != nil {
		return err
	}
	phc, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	id, err := uuid.NewV7FromReader(s.random)
	if err != nil {
		return fmt.Errorf("register: make an account id: %w", err)
	}
	if err := s.store.insert(ctx, id, email, phc); err != nil {
		return fmt.Errorf("register: %w", err)
	}
	return nil
}
