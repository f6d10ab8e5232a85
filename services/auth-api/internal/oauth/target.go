package oauth

import (
	"context"
	"fmt"
	"slices"

	"auth.books.test/services/auth-api/internal/fault"
)

// APIs finds APIs; resource.Store implements it.
type APIs interface {
	// Audiences returns the names of the APIs that are meant by names or URLs. What no API is
	// known by is left out.
	Audiences(ctx context.Context, resources []string) (map[string]string, error)
	// Offered returns the scopes that these APIs offer, sorted.
	Offered(ctx context.Context, audiences []string) ([]string, error)
}

// Target returns the audiences that a request means by resource (RFC 8707): names or URLs of
// APIs. Without any it means all that are allowed. Faults: invalid_target, store_unavailable.
func (s *Service) Target(ctx context.Context, resources, allowed []string) (audiences []string, err error) {
	if len(resources) == 0 {
		return allowed, nil
	}
	names, err := s.APIs.Audiences(ctx, resources)
	if err != nil {
		return nil, fmt.Errorf("read resource: %w", err)
	}
	for _, resource := range resources {
		audience, known := names[resource]
		if !known || !slices.Contains(allowed, audience) {
			return nil, fault.New(fault.InvalidTarget, "A resource is not an API of this client, or was not asked for when the person was.")
		}
		if !slices.Contains(audiences, audience) {
			audiences = append(audiences, audience)
		}
	}
	return audiences, nil
}
