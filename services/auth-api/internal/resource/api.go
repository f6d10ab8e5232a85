package resource

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// Create makes an API that offers the scopes. Faults: validation_failed,
// already_exists (the audience, or a scope of another API), store_unavailable.
func (s *Service) Create(ctx context.Context, audience string, scopes []string) error {
	if err := checkName("audience", audience); err != nil {
		return err
	}
	scopes, err := checkScopes(scopes)
	if err != nil {
		return err
	}
	id, err := uuid.NewV7FromReader(s.random)
	if err != nil {
		return fmt.Errorf("make an API's id: %w", err)
	}
	err = s.authorizations.ChangeRoles(ctx, func(ctx context.Context, tx *authorization.Tx) error {
		if err := noOtherOffers(ctx, tx, audience, scopes); err != nil {
			return err
		}
		return insertAPI(ctx, tx, id, audience, scopes)
	})
	if err != nil {
		return fmt.Errorf("create API: %w", err)
	}
	return nil
}

// SetScopes changes what the API offers. Scopes that it offers no more are gone
// from its roles and from live tokens when SetScopes returns. Faults:
// validation_failed, api_not_found, already_exists (a scope of another API),
// store_unavailable, change_under_way.
func (s *Service) SetScopes(ctx context.Context, audience string, scopes []string) error {
	scopes, err := checkScopes(scopes)
	if err != nil {
		return err
	}
	err = s.authorizations.ChangeRoles(ctx, func(ctx context.Context, tx *authorization.Tx) error {
		if err := noOtherOffers(ctx, tx, audience, scopes); err != nil {
			return err
		}
		id, err := setScopes(ctx, tx, audience, scopes)
		if err != nil {
			return err
		}
		return tx.RewriteAPI(ctx, id)
	})
	if err = s.follow(ctx, audience, err); err != nil {
		return fmt.Errorf("change an API's scopes: %w", err)
	}
	return nil
}

// noOtherOffers holds that a scope belongs to one API. Changes of APIs take turns, so
// nobody adds one meanwhile.
func noOtherOffers(ctx context.Context, tx *authorization.Tx, audience string, scopes []string) error {
	taken, err := offeredElsewhere(ctx, tx, audience, scopes)
	if err != nil {
		return err
	}
	if taken {
		return fault.New(fault.AlreadyExists, "Another API offers one of these scopes. Name scopes after the API, as books:read.")
	}
	return nil
}
