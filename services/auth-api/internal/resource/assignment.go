package resource

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// Assign assigns a role to the account. When it returns, live tokens that were issued with
// scopes of the role have them again; other tokens get them at the next sign-in. Assigning a
// role twice is no error. Faults: account_not_found, api_not_found, role_not_found,
// store_unavailable, change_under_way.
func (s *Service) Assign(ctx context.Context, email, audience, role string) error {
	return s.assignments(ctx, "assign role", assign, email, audience, role)
}

// Unassign removes a role from the account. When it returns, the scopes of the role are
// removed from the account's live tokens. Removing it twice is no error. Faults: those of
// Assign.
func (s *Service) Unassign(ctx context.Context, email, audience, role string) error {
	return s.assignments(ctx, "remove role", unassign, email, audience, role)
}

type changeAssignment func(ctx context.Context, tx pgx.Tx, subject, role uuid.UUID) error

func (s *Service) assignments(ctx context.Context, what string, change changeAssignment, email, audience, role string) error {
	account, err := s.accounts.Find(ctx, email)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	err = s.authorizations.ChangeAssignments(ctx, authorization.Account(account), func(ctx context.Context, tx *authorization.Tx) error {
		if tx.IsErasing() {
			return fault.New(fault.AccountNotFound, "There is no account with this address.")
		}
		api, _, err := readAPI(ctx, tx, audience, []string{})
		if err != nil {
			return err
		}
		id, err := readRole(ctx, tx, api, role)
		if err != nil {
			return err
		}
		if err := change(ctx, tx, account, id); err != nil {
			return err
		}
		return tx.Rewrite(ctx)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
