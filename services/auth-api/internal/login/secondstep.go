package login

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/device"
	"auth.books.test/services/auth-api/internal/factor"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/passkey"
	"auth.books.test/services/auth-api/internal/session"
)

// Factors has challenges and checks their codes; factor.Service implements it.
type Factors interface {
	Challenge(ctx context.Context, c factor.Challenge) (handle string, err error)
	Challenged(ctx context.Context, handle string) (factor.Challenge, error)
	Check(ctx context.Context, account uuid.UUID, typed string, known bool) (factor.Proof, error)
	Spend(ctx context.Context, tx pgx.Tx, c factor.Challenge, p factor.Proof) error
	SpendChallenge(ctx context.Context, tx pgx.Tx, c factor.Challenge) error
	Of(ctx context.Context, account uuid.UUID) (factor.Factors, error)
}

// Challenge is what a right password gives for an account with a second factor. It is an
// error with the code second_step_required, so that whoever cannot go on with it refuses the
// sign-in.
type Challenge struct {
	// Handle is the secret with which SecondStep goes on.
	Handle string
	// Lifetime is for how long.
	Lifetime time.Duration
	// TOTP and Passkey say which second steps the account has, besides recovery codes.
	TOTP, Passkey bool
}

// Error is for the log, and does not show the handle.
func (c *Challenge) Error() string { return "a second step is required" }

// Unwrap is the fault for whoever cannot go on.
func (c *Challenge) Unwrap() error {
	return fault.New(fault.SecondStepRequired, "This account needs a second step after the password, which cannot be asked for here. Sign in on the page of the service, or with POST /v1/sessions.")
}

// challenge is the error of a right password that does not suffice.
func (s *Service) challenge(ctx context.Context, who account.Account, from device.Device, scopes []string) error {
	c := factor.Challenge{Account: who.ID, PasswordVersion: who.PasswordVersion, Scopes: scopes}
	if from.IsKnown(who.ID, who.PasswordVersion) {
		c.Device = from.ID
	}
	handle, err := s.factors.Challenge(ctx, c)
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	has, err := s.factors.Of(ctx, who.ID)
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	return &Challenge{Handle: handle, Lifetime: factor.ChallengeLifetime, TOTP: has.TOTP, Passkey: has.Passkeys > 0}
}

// Ways are the ways to do the second step of a sign-in, besides a recovery code.
type Ways struct {
	// TOTP says that the account has an authenticator app.
	TOTP bool
	// Passkey is the ceremony of a passkey; the zero value if none can be used.
	Passkey passkey.Begun
}

// Ways returns those of the sign-in that has the handle. Faults: request_expired (the challenge is
// over), store_unavailable.
func (s *Service) Ways(ctx context.Context, handle string) (w Ways, err error) {
	c, _, err := s.challenged(ctx, handle)
	if err != nil {
		return Ways{}, err
	}
	has, err := s.factors.Of(ctx, c.Account)
	if err != nil {
		return Ways{}, fmt.Errorf("ask for a second step: %w", err)
	}
	w.TOTP = has.TOTP
	if has.Passkeys == 0 {
		return w, nil
	}
	w.Passkey, err = s.passkeys.BeginSecondStep(ctx, c.Account)
	if code := fault.CodeOf(err); code == fault.PasskeysNotConfigured || code == fault.FactorNotFound {
		return w, nil // Passkeys are not configured any more, or the last one was removed meanwhile.
	}
	return w, err
}

// SecondAttempt is an attempt at the second step of a sign-in.
type SecondAttempt struct {
	// Handle is that of the challenge.
	Handle string
	// Code is one of the authenticator app, or a recovery code.
	Code string
	// Passkey is what a passkey has answered, instead of a code.
	Passkey Assertion
	// Browser, Session and From are as in Attempt.
	Browser bool
	Session uuid.UUID
	From    session.Origin
}

// SecondStep finishes a sign-in whose password was right. A wrong code, or a passkey that is not
// accepted, leaves the challenge open; tries are counted by account. Faults: request_expired (the
// challenge is over), invalid_code, validation_failed (it cannot be a code), those of
// passkey.Service.Check, too_many_attempts, and those of session.Service.Open.
func (s *Service) SecondStep(ctx context.Context, a SecondAttempt) (Opened, error) {
	who, opened, err := s.second(ctx, a)
	if err != nil {
		s.refusals.Note(ctx, audit.Event{Verb: audit.SignIn, Subject: audit.AccountOf(who), Reason: fault.CodeOf(err)})
	}
	return opened, err
}

// second is SecondStep, and returns the account also if the sign-in is refused, if it is known.
func (s *Service) second(ctx context.Context, a SecondAttempt) (uuid.UUID, Opened, error) {
	c, who, err := s.challenged(ctx, a.Handle)
	if err != nil {
		return c.Account, Opened{}, err
	}
	from := device.Device{}
	if c.Device != uuid.Nil {
		from = device.Device{ID: c.Device, Account: c.Account, PasswordVersion: c.PasswordVersion}
	}
	attempt, err := s.limits.AttemptSecondStep(ctx, a.From.IP, c.Account, from.ID != uuid.Nil)
	if err != nil {
		return c.Account, Opened{}, err
	}
	defer attempt.Keep()
	opened, err := s.finish(ctx, who, from, c, a)
	if code := fault.CodeOf(err); code != fault.InvalidCode && code != fault.InvalidPasskey {
		attempt.GiveBack(ctx)
	}
	return c.Account, opened, err
}

// challenged returns the open challenge of a handle, and whose it is. Faults: request_expired,
// store_unavailable.
func (s *Service) challenged(ctx context.Context, handle string) (factor.Challenge, account.Account, error) {
	c, err := s.factors.Challenged(ctx, handle)
	if err != nil {
		return c, account.Account{}, err
	}
	who, err := s.accounts.Recall(ctx, c.Account)
	if fault.CodeOf(err) == fault.AccountNotFound || err == nil && who.PasswordVersion != c.PasswordVersion {
		return c, account.Account{}, factor.Expired()
	}
	return c, who, err
}

// finish checks the code or the passkey, and spends it and the challenge in the transaction of
// the session.
func (s *Service) finish(ctx context.Context, who account.Account, from device.Device, c factor.Challenge, a SecondAttempt) (Opened, error) {
	spend, methods, err := s.proved(ctx, c, a, from.ID != uuid.Nil)
	if err != nil {
		return Opened{}, err
	}
	return s.open(ctx, who, from, session.Opening{
		Admit: admitAnd(who, spend), AuthenticatedBy: methods, Scopes: c.Scopes, Browser: a.Browser, Session: a.Session, Origin: a.From,
	})
}

// proved checks the second step. spend spends what was right.
func (s *Service) proved(ctx context.Context, c factor.Challenge, a SecondAttempt, known bool) (spend admission, methods []string, err error) {
	if a.Passkey.Ceremony == "" {
		proof, err := s.factors.Check(ctx, c.Account, a.Code, known)
		return func(ctx context.Context, tx pgx.Tx) error { return s.factors.Spend(ctx, tx, c, proof) }, factor.Methods(), err
	}
	proof, err := s.passkeys.Check(ctx, c.Account, a.Passkey.Ceremony, a.Passkey.Response)
	return func(ctx context.Context, tx pgx.Tx) error {
		if err := s.factors.SpendChallenge(ctx, tx, c); err != nil {
			return err
		}
		return s.passkeys.Spend(ctx, tx, proof)
	}, append([]string{factor.PasswordMethod}, passkey.Methods()...), err
}
