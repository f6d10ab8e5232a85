package account

import (
	"context"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
)

// VerifyEmail marks an account's address as proved, also in the records of its live tokens.
// Doing it twice is no error. Faults: validation_failed, account_not_found,
// store_unavailable, change_under_way.
func (s *Service) VerifyEmail(ctx context.Context, email string) error {
	return s.changeByEmail(ctx, "verify address", email, audit.VerifyEmail, func(ctx context.Context, tx *authorization.Tx, id uuid.UUID) error {
		if err := setVerified(ctx, tx, id); err != nil {
			return err
		}
		return tx.Rewrite(ctx)
	})
}
