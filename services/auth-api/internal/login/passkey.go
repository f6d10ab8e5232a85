package login

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/passkey"
	"auth.books.test/services/auth-api/internal/session"
)

// Passkeys checks what passkeys have signed; passkey.Service implements it.
type Passkeys interface {
	BeginSignIn(ctx context.Context) (passkey.Begun, error)
	BeginSecondStep(ctx context.Context, account uuid.UUID) (passkey.Begun, error)
	Check(ctx context.Context, account uuid.UUID, ceremony string, response []byte) (passkey.Proof, error)
	Spend(ctx context.Context, tx pgx.Tx, p passkey.Proof) error
}

// Assertion is what a passkey has answered.
type Assertion struct {
	// Ceremony is that of the options.
	Ceremony string
	// Response is what navigator.credentials.get has returned, as JSON.
	Response []byte
}

// BeginPasskey begins a sign-in with a passkey alone, or the second step of the sign-in that has
// the handle. Faults: those of passkey.Service.BeginSignIn and BeginSecondStep, and
// request_expired (the challenge is over).
func (s *Service) BeginPasskey(ctx context.Context, handle string) (passkey.Begun, error) {
	if handle == "" {
		return s.passkeys.BeginSignIn(ctx)
	}
	c, _, err := s.challenged(ctx, handle)
	if err != nil {
		return passkey.Begun{}, err
	}
	return s.passkeys.BeginSecondStep(ctx, c.Account)
}

// PasskeyAttempt is an attempt to sign in with a passkey alone.
type PasskeyAttempt struct {
	Assertion
	// The others are as in Attempt.
	Device  string
	Scopes  []string
	Browser bool
	Session uuid.UUID
	From    session.Origin
}

// Passkey signs in with a passkey alone, whose device has checked who holds it. Nothing can be
// guessed, so that nothing is counted. Faults: those of passkey.Service.Check and
// session.Service.Open, and account_disabled.
func (s *Service) Passkey(ctx context.Context, a PasskeyAttempt) (Opened, error) {
	whose, opened, err := s.withPasskey(ctx, a)
	if err != nil {
		s.refusals.Note(ctx, audit.Event{Verb: audit.SignIn, Subject: audit.AccountOf(whose), Reason: fault.CodeOf(err)})
	}
	return opened, err
}

// withPasskey is Passkey, and returns the account also if the sign-in is refused, if it is known.
func (s *Service) withPasskey(ctx context.Context, a PasskeyAttempt) (uuid.UUID, Opened, error) {
	proof, err := s.passkeys.Check(ctx, uuid.Nil, a.Ceremony, a.Response)
	if err != nil {
		return proof.Account, Opened{}, err
	}
	who, err := s.accounts.Recall(ctx, proof.Account)
	if fault.CodeOf(err) == fault.AccountNotFound {
		return proof.Account, Opened{}, passkey.Expired()
	}
	if err != nil {
		return proof.Account, Opened{}, err
	}
	spend := func(ctx context.Context, tx pgx.Tx) error { return s.passkeys.Spend(ctx, tx, proof) }
	opened, err := s.open(ctx, who, s.devices.Read(a.Device), session.Opening{
		Admit: admitAnd(who, spend), AuthenticatedBy: passkey.Methods(), Scopes: a.Scopes, Browser: a.Browser, Session: a.Session, Origin: a.From,
	})
	return proof.Account, opened, err
}

// admission is what a sign-in does in the transaction that opens its session.
type admission func(ctx context.Context, tx pgx.Tx) error

// admitAnd checks the account once more, and spends what was shown.
func admitAnd(who account.Account, spend admission) admission {
	return func(ctx context.Context, tx pgx.Tx) error {
		if err := who.Admit(ctx, tx); err != nil {
			return err
		}
		return spend(ctx, tx)
	}
}
