package factor

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/mail"
)

// Remove turns the second factor off, and deletes its secret, the recovery codes and open
// challenges. All other sign-ins and apps end; keep is the session that goes on. Faults:
// factor_not_found, store_unavailable, change_under_way.
func (s *Service) Remove(ctx context.Context, account, keep uuid.UUID) error {
	err := s.authorizations.Change(ctx, authorization.Account(account), audit.Event{Verb: audit.RemoveFactor, About: "totp"}, func(ctx context.Context, tx *authorization.Tx) error {
		stored, found, err := lockTOTP(ctx, tx, account)
		if err != nil {
			return err
		}
		if !found || !stored.confirmed() {
			return notFound()
		}
		if err := s.store.Forget(ctx, tx, account); err != nil {
			return err
		}
		if err := s.notice(ctx, tx, mail.FactorRemoved, account); err != nil {
			return err
		}
		return tx.EndSignIns(ctx, keep)
	})
	// Also if Redis was not told in time: the change is committed.
	s.mails.Wake()
	if err != nil {
		return fmt.Errorf("turn a second factor off: %w", err)
	}
	return nil
}

// RemoveByOperator is Remove for somebody who has lost the app and the recovery codes, as an
// operator names them. It keeps no session. Faults: account_not_found, and those of Remove.
func (s *Service) RemoveByOperator(ctx context.Context, email string) error {
	id, _, err := s.people.Find(ctx, email)
	if err != nil {
		return fmt.Errorf("turn a second factor off: %w", err)
	}
	return s.Remove(ctx, id, uuid.Nil)
}
