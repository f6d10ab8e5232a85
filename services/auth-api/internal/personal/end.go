package personal

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// End ends a token of the account. When it returns nil, the token is dead. Faults:
// session_not_found, store_unavailable, change_under_way; see authorization.Service.Change.
func (s *Service) End(ctx context.Context, account, id uuid.UUID) error {
	return s.end(ctx, account, id, authorization.EndedByOwner)
}

// EndAny ends a token whoever it is of, as an operator does. Faults: those of End.
func (s *Service) EndAny(ctx context.Context, id uuid.UUID) error {
	owner, err := s.authorizations.OwnerOf(ctx, id)
	if err != nil {
		return fmt.Errorf("end personal access token: %w", err)
	}
	if owner == (authorization.Owner{}) {
		return notFound(fault.New(fault.SessionNotFound, ""))
	}
	return s.end(ctx, owner.Subject.ID, id, authorization.EndedByOperator)
}

func (s *Service) end(ctx context.Context, account, id uuid.UUID, reason authorization.Reason) error {
	err := s.authorizations.Change(ctx, authorization.Account(account), audit.Event{Verb: audit.EndPersonal}, func(ctx context.Context, tx *authorization.Tx) error {
		if err := check(ctx, tx, id); err != nil {
			return err
		}
		return tx.End(ctx, id, reason)
	})
	if err != nil {
		return fmt.Errorf("end personal access token: %w", notFound(err))
	}
	return nil
}
