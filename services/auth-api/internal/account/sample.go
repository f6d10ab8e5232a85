package account

import (
	"context"
	"errors"
	"fmt"
)

// Seed creates an account, if its address has none. It is for development.
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
