package client

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// Change changes what is registered of a client: change is given the registration as it is.
// Its id, how it authenticates and for which API it introspects cannot change. If the client
// may do less afterwards, Change ends all its authorizations: what was taken is gone from
// live tokens. Faults: validation_failed, client_not_found (unknown or disabled),
// api_not_found, store_unavailable, change_under_way.
func (s *Service) Change(ctx context.Context, id uuid.UUID, change func(*Registration)) error {
	err := s.authorizations.Change(ctx, subject(id), audit.Event{Verb: audit.ChangeClient}, func(ctx context.Context, tx *authorization.Tx) error {
		before, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		after := before
		after.Grants, after.Audiences = slices.Clone(before.Grants), slices.Clone(before.Audiences)
		change(&after)
		if after.ID != before.ID || after.Audience != before.Audience || after.Authentication != before.Authentication {
			return fault.Invalid("client", "not_allowed", "How a client authenticates, and for which API it introspects, cannot change: create another client.")
		}
		if after, err = after.checked(); err != nil {
			return err
		}
		if err := update(ctx, tx, after); err != nil {
			return err
		}
		if before.mayMore(after) {
			return tx.EndAll(ctx)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("change client: %w", err)
	}
	return nil
}

// mayMore says whether the client may do anything that it may not do after a change. Only
// clients of the same owner may change accounts (the scope account).
func (r Registration) mayMore(after Registration) bool {
	return r.FirstParty && !after.FirstParty ||
		slices.ContainsFunc(r.Grants, func(g Grant) bool { return !after.May(g) }) ||
		slices.ContainsFunc(r.Audiences, func(a string) bool { return !slices.Contains(after.Audiences, a) })
}
