package personal

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
)

// List returns the account's live tokens, the newest first, with the scopes that they have
// now. Fault: store_unavailable.
func (s *Service) List(ctx context.Context, account uuid.UUID) ([]Token, error) {
	listed, err := s.authorizations.List(ctx, account, authorization.Personal)
	if err != nil {
		return nil, fmt.Errorf("list personal access tokens: %w", err)
	}
	names, err := s.store.names(ctx, listed)
	if err != nil {
		return nil, fmt.Errorf("list personal access tokens: %w", err)
	}
	tokens := make([]Token, len(listed))
	for n, a := range listed {
		tokens[n] = Token{a, names[a.ID]}
	}
	return tokens, nil
}
