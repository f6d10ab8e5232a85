package resource

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// CreateRole creates a role with scopes that the API offers. Faults: validation_failed,
// api_not_found, already_exists, store_unavailable.
func (s *Service) CreateRole(ctx context.Context, audience, role string, scopes []string) error {
	if err := checkName("role", role); err != nil {
		return err
	}
	scopes, err := checkScopes(scopes)
	if err != nil {
		return err
	}
	id, err := uuid.NewV7FromReader(s.random)
	if err != nil {
		return fmt.Errorf("make a role's id: %w", err)
	}
	err = s.authorizations.ChangeRoles(ctx, actOnRole(audit.CreateRole, audience, role), func(ctx context.Context, tx *authorization.Tx) error {
		api, err := offering(ctx, tx, audience, scopes)
		if err != nil {
			return err
		}
		return insertRole(ctx, tx, id, api, role, scopes)
	})
	if err != nil {
		return fmt.Errorf("create role: %w", err)
	}
	return nil
}

// SetRole changes the scopes of a role. When it returns, scopes that the role no longer has
// are removed from the live tokens of everybody who has the role. Faults: validation_failed,
// api_not_found, role_not_found, store_unavailable, change_under_way.
func (s *Service) SetRole(ctx context.Context, audience, role string, scopes []string) error {
	scopes, err := checkScopes(scopes)
	if err != nil {
		return err
	}
	err = s.authorizations.ChangeRoles(ctx, actOnRole(audit.ChangeRole, audience, role), func(ctx context.Context, tx *authorization.Tx) error {
		api, err := offering(ctx, tx, audience, scopes)
		if err != nil {
			return err
		}
		id, err := setRole(ctx, tx, api, role, scopes)
		if err != nil {
			return err
		}
		return tx.RewriteRole(ctx, id)
	})
	if err != nil {
		return fmt.Errorf("change a role's scopes: %w", err)
	}
	return nil
}

// offering returns the id of the API, if it offers the scopes.
func offering(ctx context.Context, tx *authorization.Tx, audience string, scopes []string) (uuid.UUID, error) {
	id, offered, err := readAPI(ctx, tx, audience, scopes)
	if err != nil {
		return uuid.Nil, err
	}
	if !offered {
		return uuid.Nil, fault.Invalid("scope", "not_offered", "A role may have only scopes that its API offers.")
	}
	return id, nil
}

func actOnRole(verb audit.Verb, audience, role string) audit.Event {
	return audit.Event{Verb: verb, Subject: audit.Party{Kind: audit.Role}, About: audience + "/" + role}
}
