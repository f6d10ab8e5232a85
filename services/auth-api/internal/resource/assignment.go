package resource

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// Assign gives the account a role. A token that was given what it allows before has it
// again when Assign returns; others have it from the next sign-in on.
// Assigning twice is no error. Faults: account_not_found, api_not_found,
// role_not_found, store_unavailable.
func (s *Service) Assign(ctx context.Context, email, audience, role string) error {
	return s.assignments(ctx, "assign role", assign, email, audience, role)
}

// Unassign takes a role away. What it allowed is gone from the account's live tokens
// when Unassign returns. Taking it away twice is no error. Faults: as Assign, and
// change_under_way.
func (s *Service) Unassign(ctx context.Context, email, audience, role string) error {
	return s.assignments(ctx, "take role away", unassign, email, audience, role)
}

type changeAssignment func(ctx context.Context, tx pgx.Tx, subject, role uuid.UUID) error

func (s *Service) assignments(ctx context.Context, what string, change changeAssignment, email, audience, role string) error {
	account, err := s.accounts.Find(ctx, email)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	err = s.authorizations.ChangeAssignments(ctx, authorization.Account(account), func(ctx context.Context, tx *authorization.Tx) error {
		if tx.IsErasing() {
			return fault.New(fault.AccountNotFound, "There is no account of this address.")
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
