package account

import (
	"context"
	"errors"
	"fmt"
)

// Seed makes the account if its address has none, as often as it is called. It
// is for development.
func (s *Service) Seed(ctx context.Context, email, password string) error {
	_, _, err := s.store.byEmail(ctx, email)
	if errors.Is(err, errNotFound) {
		err = s.Register(ctx, email, password)
	}
	if err != nil {
		return fmt.Errorf("seed the sample account: %w", err)
	}
	return nil
}
