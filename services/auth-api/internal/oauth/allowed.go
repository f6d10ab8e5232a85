package oauth

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
)

// Allowed is an app that a person has let in, with its name, which may be "".
type Allowed struct {
	authorization.LetIn
	Name string
}

// Names reads the names of apps; client.Store implements it.
type Names interface {
	// Names returns the names of clients that are not disabled.
	Names(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error)
}

// Allowed returns the apps that a person has let in, the newest first. Those that were
// disabled have nothing left, and are not among them. Fault: store_unavailable.
func (s *Service) Allowed(ctx context.Context, account uuid.UUID) ([]Allowed, error) {
	listed, err := s.Authorizations.LetIn(ctx, account)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(listed))
	for n, l := range listed {
		ids[n] = l.Client
	}
	names, err := s.Names.Names(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("list the apps of a person: %w", err)
	}
	var allowed []Allowed
	for _, l := range listed {
		if name, enabled := names[l.Client]; enabled {
			allowed = append(allowed, Allowed{l, name})
		}
	}
	return allowed, nil
}

// EndApp ends what a person has let an app in for. Faults: session_not_found,
// store_unavailable, change_under_way.
func (s *Service) EndApp(ctx context.Context, account, client uuid.UUID) error {
	return s.Authorizations.EndApp(ctx, account, client)
}
