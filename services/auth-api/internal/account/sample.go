package account

import (
	"context"
	"errors"
	"fmt"
)

// Seed creates an account with a verified address, if the address has none. It is for
// development.
func (s *Service) Seed(ctx context.Context, email, password string) error {
	found, _, err := s.store.byEmail(ctx, email)
	switch {
	case errors.Is(err, errNotFound):
		_, err = s.Create(ctx, email, password, true)
	case err == nil && !found.EmailVerified: // made by an older program
		err = s.VerifyEmail(ctx, email)
	}
	if err != nil {
		return fmt.Errorf("seed the sample account: %w", err)
	}
	return nil
}
