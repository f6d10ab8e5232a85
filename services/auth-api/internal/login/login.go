// Package login signs people in: it checks their credentials, then opens a session in a
// transaction that checks them again.
package login

import (
	"context"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/session"
)

// Service signs people in.
type Service struct {
	accounts *account.Service
	sessions *session.Service
}

// New makes a Service.
func New(accounts *account.Service, sessions *session.Service) *Service {
	return &Service{accounts: accounts, sessions: sessions}
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
// account.Service.Authenticate and session.Service.Open.
func (s *Service) Password(ctx context.Context, a Attempt) (session.Opened, error) {
	who, err := s.accounts.Authenticate(ctx, a.Email, a.Password)
	if err != nil {
		return session.Opened{}, err
	}
	return s.sessions.Open(ctx, session.Opening{
		Account: who.ID, Admit: who.Admit, AuthenticatedBy: []string{passwordMethod}, Scopes: a.Scopes, Origin: a.From,
	})
}
