// Package login signs people in: it checks their credentials, then opens a session in a
// transaction that checks them again.
package login

import (
	"context"
	"net/netip"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/limit"
	"auth.books.test/services/auth-api/internal/session"
)

// Limits reserves sign-ins; limit.Limiter implements it.
type Limits interface {
	AttemptSignIn(ctx context.Context, from netip.Addr) (*limit.Attempt, error)
}

// Service signs people in.
type Service struct {
	accounts *account.Service
	sessions *session.Service
	limits   Limits
}

// New makes a Service.
func New(accounts *account.Service, sessions *session.Service, limits Limits) *Service {
	return &Service{accounts: accounts, sessions: sessions, limits: limits}
}

// Attempt is an attempt to sign in.
type Attempt struct {
	Email    string
	Password string
	// Scopes are the scopes for the token; none means all that the account has.
	Scopes []string
	// From is the device and the address.
	From session.Origin
}

// passwordMethod is the name that RFC 8176 gives to a password.
const passwordMethod = "pwd"

// Password signs in with an address and a password. Faults: those of
// account.Service.Authenticate and session.Service.Open, and too_many_attempts.
func (s *Service) Password(ctx context.Context, a Attempt) (session.Opened, error) {
	who, err := s.authenticate(ctx, a)
	if err != nil {
		return session.Opened{}, err
	}
	return s.sessions.Open(ctx, session.Opening{
		Account: who.ID, Admit: who.Admit, AuthenticatedBy: []string{passwordMethod}, Scopes: a.Scopes, Origin: a.From,
	})
}

// authenticate checks the credentials, if the limits admit it. Only wrong credentials use a
// limit up, and right ones of a disabled account: whoever tries stolen passwords learns
// from that answer, too, that one is right.
func (s *Service) authenticate(ctx context.Context, a Attempt) (account.Account, error) {
	attempt, err := s.limits.AttemptSignIn(ctx, a.From.IP)
	if err != nil {
		return account.Account{}, err
	}
	defer attempt.Keep()
	who, err := s.accounts.Authenticate(ctx, a.Email, a.Password)
	switch fault.CodeOf(err) {
	case fault.InvalidCredentials, fault.AccountDisabled:
	default:
		attempt.GiveBack(ctx)
	}
	return who, err
}
