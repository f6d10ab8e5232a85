package authorization

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
)

// EndOne ends an authorization whoever it is of. It is no error if it has ended before.
// Faults: store_unavailable, change_under_way.
func (s *Service) EndOne(ctx context.Context, id uuid.UUID, verb audit.Verb, reason Reason) error {
	owner, err := s.OwnerOf(ctx, id)
	if err != nil || owner == (Owner{}) {
		return err
	}
	err = s.Change(ctx, owner.Subject, audit.Event{Verb: verb, Session: id}, func(ctx context.Context, tx *Tx) error {
		return tx.End(ctx, id, reason)
	})
	if fault.CodeOf(err) == fault.SessionNotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("end an authorization: %w", err)
	}
	return nil
}
