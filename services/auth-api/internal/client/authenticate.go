package client

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

// Reader reads a client's record; the zero Record if there is none.
type Reader interface {
	Read(ctx context.Context, id uuid.UUID) (Record, error)
}

// Authenticator authenticates clients. It works without Postgres.
type Authenticator struct{ records Reader }

// NewAuthenticator makes an Authenticator.
func NewAuthenticator(records Reader) *Authenticator { return &Authenticator{records} }

// Authenticate returns the client that has this id and secret. Ids and secrets of a wrong
// form are refused without I/O. Faults: invalid_client, store_unavailable.
func (a *Authenticator) Authenticate(ctx context.Context, id, secret string) (Client, error) {
	parsed, err := uuid.Parse(id)
	if err != nil || parsed.String() != id || !token.IsSecret(secret, Prefix) {
		return Client{}, invalidClient()
	}
	r, err := a.records.Read(ctx, parsed)
	if err != nil {
		return Client{}, fault.Unavailable(fmt.Errorf("authenticate a client: %w", err))
	}
	if !matches(secret, r.secrets) {
		return Client{}, invalidClient()
	}
	return Client{ID: parsed, Audience: r.Audience, Scopes: r.Scopes}, nil
}

// invalidClient is the same fault for an unknown client, a disabled one and a wrong
// secret.
func invalidClient() error {
	return fault.New(fault.InvalidClient, "The client's id or secret is wrong, or the client is disabled.")
}
