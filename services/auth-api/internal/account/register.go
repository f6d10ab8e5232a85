package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
)

// Register creates an account, unless the address has one. The caller cannot tell the two
// cases apart. Faults: validation_failed (the address or the password is not acceptable),
// busy, store_unavailable.
func (s *Service) Register(ctx context.Context, email, password string) error {
	id, email, phc, err := s.prepare(ctx, email, password)
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	err = s.store.insert(ctx, id, email, phc, func(ctx context.Context, tx pgx.Tx, owner uuid.UUID) error {
		e := audit.Event{Verb: audit.RegisterAccount, Subject: audit.AccountOf(owner)}
		if owner != id {
			e.Reason = fault.AlreadyExists // The caller does not learn that, but the owner does.
		}
		return s.audit.Record(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("register: %w", err)
	}
	return nil
}
