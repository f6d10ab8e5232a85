package factor

import (
	"context"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/mail"
)

// TurnOn makes sign-ins ask for a second step, in the change that adds a factor, and returns the
// recovery codes, which are stored nowhere. All other sign-ins and apps end. If another factor
// had turned it on before, nothing ends, and there are no new codes. keep, the session that goes
// on, has signed in with methods from now on. The caller wakes the mails.
func (s *Service) TurnOn(ctx context.Context, tx *authorization.Tx, id, keep uuid.UUID, methods []string) (codes []string, err error) {
	on, err := account.HasSecondFactor(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	kind := mail.FactorsChanged
	if !on {
		kind = mail.FactorAdded
		if err := s.store.forgetUnproved(ctx, tx, id); err != nil {
			return nil, err
		}
		if err := account.SetSecondFactor(ctx, tx, id, true); err != nil {
			return nil, err
		}
		if codes, err = s.replaceRecoveryCodes(ctx, tx, id); err != nil {
			return nil, err
		}
		if err := tx.EndSignIns(ctx, keep); err != nil {
			return nil, err
		}
	}
	if err := s.notice(ctx, tx, kind, id); err != nil {
		return nil, err
	}
	return codes, tx.SetMethods(ctx, keep, methods)
}

// Tell mails the owner that something about the factors has changed. The caller wakes the mails.
func (s *Service) Tell(ctx context.Context, tx *authorization.Tx, id uuid.UUID) error {
	return s.notice(ctx, tx, mail.FactorsChanged, id)
}

// Settle ends all other sign-ins and apps in the change that removes a factor, and turns the
// second step off if it was the last one: recovery codes and open challenges are void then. The
// caller wakes the mails.
func (s *Service) Settle(ctx context.Context, tx *authorization.Tx, id, keep uuid.UUID) error {
	on, err := account.HasSecondFactor(ctx, tx, id)
	if err != nil {
		return err
	}
	kind := mail.FactorsChanged
	if on {
		off, err := s.store.settle(ctx, tx, id)
		if err != nil {
			return err
		}
		if off {
			kind = mail.FactorRemoved
		}
	}
	if err := s.notice(ctx, tx, kind, id); err != nil {
		return err
	}
	return tx.EndSignIns(ctx, keep)
}
