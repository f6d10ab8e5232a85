package personal

import (
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

const (
	// MaxName is how many bytes the name of a token may have.
	MaxName = 64
	// MinLifetime is the shortest life of a token.
	MinLifetime = time.Minute
)

// Token is a personal access token, without the secret.
type Token struct {
	authorization.Authorization
	// Name is what the owner calls it.
	Name string
}

// Made is a new personal access token. The secret is stored nowhere.
type Made struct {
	Token
	Secret token.Token
}

// Service makes, lists and ends personal access tokens.
type Service struct {
	store          *Store
	authorizations *authorization.Service
	longest        time.Duration
}

// New makes a Service. longest is the longest life of a token.
func New(store *Store, authorizations *authorization.Service, longest time.Duration) *Service {
	return &Service{store: store, authorizations: authorizations, longest: longest}
}

// Longest is the longest life of a token.
func (s *Service) Longest() time.Duration { return s.longest }

// notFound is the fault for a token that never was, has ended, or is somebody else's.
func notFound(err error) error {
	if fault.CodeOf(err) == fault.SessionNotFound {
		return fault.New(fault.SessionNotFound, "There is no such personal access token, or it has ended.")
	}
	return err
}

// Creation asks for a new token.
type Creation struct {
	// Account is the owner. It must come from the owner's session.
	Account uuid.UUID
	Name    string
	// Scopes are those of APIs. The token has at most what its owner has, at each use.
	Scopes   []string
	Lifetime time.Duration
}
