package resource

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// Create registers an API that offers the scopes. Faults: validation_failed,
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
	err = s.authorizations.ChangeRoles(ctx, actOnAPI(audit.CreateAPI, audience), func(ctx context.Context, tx *authorization.Tx) error {
		if err := checkNotTaken(ctx, tx, audience, scopes); err != nil {
			return err
		}
		return insertAPI(ctx, tx, id, audience, scopes)
	})
	if err != nil {
		return fmt.Errorf("create API: %w", err)
	}
	return nil
}

// SetScopes changes the scopes that the API offers. When it returns, scopes that are no
// longer offered are removed from its roles and from live tokens. Faults:
// validation_failed, api_not_found, already_exists (a scope of another API),
// store_unavailable, change_under_way.
func (s *Service) SetScopes(ctx context.Context, audience string, scopes []string) error {
	scopes, err := checkScopes(scopes)
	if err != nil {
		return err
	}
	err = s.authorizations.ChangeRoles(ctx, actOnAPI(audit.ChangeAPI, audience), func(ctx context.Context, tx *authorization.Tx) error {
		if err := checkNotTaken(ctx, tx, audience, scopes); err != nil {
			return err
		}
		id, err := setScopes(ctx, tx, audience, scopes)
		if err != nil {
			return err
		}
		return tx.RewriteAPI(ctx, id)
	})
	if err = s.syncClients(ctx, audience, err); err != nil {
		return fmt.Errorf("change an API's scopes: %w", err)
	}
	return nil
}

// checkNotTaken refuses scopes of another API. Changes of APIs are serialised, so none can
// be added meanwhile.
func checkNotTaken(ctx context.Context, tx *authorization.Tx, audience string, scopes []string) error {
	taken, err := offeredElsewhere(ctx, tx, audience, scopes)
	if err != nil {
		return err
	}
	if taken {
		return fault.New(fault.AlreadyExists, "Another API offers one of these scopes. Name scopes after the API, for example books:read.")
	}
	return nil
}

func actOnAPI(verb audit.Verb, audience string) audit.Event {
	return audit.Event{Verb: verb, Subject: audit.Party{Kind: audit.API}, About: audience}
}
