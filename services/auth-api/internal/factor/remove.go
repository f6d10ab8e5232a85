package factor

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
)

// Remove forgets the authenticator app; see Settle for what ends with it. keep is the session
// that goes on. Faults: factor_not_found, store_unavailable, change_under_way.
func (s *Service) Remove(ctx context.Context, id, keep uuid.UUID) error {
	err := s.authorizations.Change(ctx, authorization.Account(id), audit.Event{Verb: audit.RemoveFactor, About: "totp"}, func(ctx context.Context, tx *authorization.Tx) error {
		stored, found, err := lockTOTP(ctx, tx, id)
		if err != nil {
			return err
		}
		if !found || !stored.confirmed() {
			return notFound()
		}
		if err := deleteTOTP(ctx, tx, id); err != nil {
			return err
		}
		return s.Settle(ctx, tx, id, keep)
	})
	// Also if Redis was not told in time: the change is committed.
	s.mails.Wake()
	if err != nil {
		return fmt.Errorf("remove an authenticator app: %w", err)
	}
	return nil
}

// RemoveByOperator forgets all second factors of somebody who has lost them, as an operator
// names them. It keeps no session. Faults: account_not_found, and those of Remove.
func (s *Service) RemoveByOperator(ctx context.Context, email string) error {
	id, _, err := s.people.Find(ctx, email)
	if err != nil {
		return fmt.Errorf("turn a second factor off: %w", err)
	}
	err = s.authorizations.Change(ctx, authorization.Account(id), audit.Event{Verb: audit.RemoveFactor}, func(ctx context.Context, tx *authorization.Tx) error {
		if on, err := account.HasSecondFactor(ctx, tx, id); err != nil {
			return err
		} else if !on {
			return notFound()
		}
		if err := deleteSince(ctx, tx, id, time.Time{}); err != nil {
			return err
		}
		return s.Settle(ctx, tx, id, uuid.Nil)
	})
	s.mails.Wake()
	if err != nil {
		return fmt.Errorf("turn a second factor off: %w", err)
	}
	return nil
}
