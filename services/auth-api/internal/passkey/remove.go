package passkey

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
)

// Remove deletes a passkey of an account. All other sign-ins and apps end; keep is the session
// that goes on. With the last factor the second step is off. Faults: factor_not_found,
// store_unavailable, change_under_way.
func (s *Service) Remove(ctx context.Context, account, keep, id uuid.UUID) error {
	err := s.Authorizations.Change(ctx, authorization.Account(account), audit.Event{Verb: audit.RemoveFactor, About: "passkey"}, func(ctx context.Context, tx *authorization.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM passkeys WHERE id = $1 AND account = $2`, id, account)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return notFound()
		}
		return s.Factors.Settle(ctx, tx, account, keep)
	})
	// Also if Redis was not told in time: the change is committed.
	s.Mails.Wake()
	if err != nil {
		return fmt.Errorf("remove a passkey: %w", err)
	}
	return nil
}
