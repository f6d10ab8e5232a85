// Package login is how one signs in: credentials are found right, then a session is
// opened in a transaction in which they still are.
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

// Attempt is what somebody shows who wants to sign in.
type Attempt struct {
	Email    string
	Password string
	// Scopes are what the token is to have; none means all that the account has.
	Scopes []string
	// From is where the attempt comes from.
	From session.Origin
}

// passwordMethod is the value of RFC 8176 for a password.
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
