package factor

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// enrolmentLifetime is how long a secret waits for its first code.
const enrolmentLifetime = time.Hour

// Enrolment is a secret that is to be put into an authenticator app. It is shown once.
type Enrolment struct {
	// Secret is in base32, for people who type it; URI is for a QR code.
	Secret, URI string
}

// Begin makes a secret for the account that has the address. One that was made before and
// never confirmed is void. Nothing asks for its codes until Confirm. Faults: already_exists
// (the account has a second factor), store_unavailable.
func (s *Service) Begin(ctx context.Context, account uuid.UUID, email string) (Enrolment, error) {
	secret, err := newSecret(s.random)
	if err != nil {
		return Enrolment{}, err
	}
	stored, err := s.seal(account, secret)
	if err != nil {
		return Enrolment{}, err
	}
	err = s.store.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		fresh, err := insertTOTP(ctx, tx, account, stored, s.now())
		if err == nil && !fresh {
			return alreadyOn()
		}
		return err
	})
	if err != nil {
		return Enrolment{}, fmt.Errorf("begin a second factor: %w", err)
	}
	return Enrolment{Secret: text(secret), URI: uri(secret, s.name, email)}, nil
}

// Confirm makes the app a second factor with a first code. If it is the account's first one, this
// is TurnOn. keep is the session that goes on, as one with a second factor: its person must have
// signed in a short while ago. Faults: invalid_code,
// factor_not_found (no secret waits for its code), already_exists (it is on),
// store_unavailable, change_under_way.
func (s *Service) Confirm(ctx context.Context, id, keep uuid.UUID, typed string) (codes []string, err error) {
	err = s.authorizations.Change(ctx, authorization.Account(id), audit.Event{Verb: audit.AddFactor, About: "totp"}, func(ctx context.Context, tx *authorization.Tx) error {
		stored, found, err := lockTOTP(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case found && stored.confirmed():
			return alreadyOn()
		case !found || s.now().Sub(stored.createdAt) >= enrolmentLifetime:
			return fault.New(fault.FactorNotFound, "No authenticator app waits for its first code. Begin again.")
		}
		secret, err := s.open(id, stored.sealed)
		if err != nil {
			return err
		}
		step, right, err := match(secret, typed, s.now())
		if err != nil {
			return err
		}
		if !right {
			return fault.New(fault.InvalidCode, "The code is wrong. Check that the clock of the device with the app is right, and type the code that it shows now.")
		}
		if err := confirmTOTP(ctx, tx, id, step, s.now()); err != nil {
			return err
		}
		// The person has shown both by now: the password a short while ago, and the code.
		codes, err = s.TurnOn(ctx, tx, id, keep, Methods())
		return err
	})
	// Also if Redis was not told in time: the change is committed.
	s.mails.Wake()
	if err != nil {
		return codes, fmt.Errorf("turn a second factor on: %w", err)
	}
	return codes, nil
}
