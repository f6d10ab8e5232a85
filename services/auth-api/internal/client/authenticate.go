package client

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

// Reader gives a client's record; the zero Record if there is none.
type Reader interface {
	Read(ctx context.Context, id uuid.UUID) (Record, error)
}

// Authenticator finds out which client asks. It needs no Postgres.
type Authenticator struct{ records Reader }

// NewAuthenticator makes one.
func NewAuthenticator(records Reader) *Authenticator { return &Authenticator{records} }

// Authenticate says whose id and secret these are. What cannot be credentials of
// ours is refused without I/O. Faults: invalid_client, store_unavailable.
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

// invalidClient does not tell whether the client is unknown, is disabled or has
// another secret.
func invalidClient() error {
	return fault.New(fault.InvalidClient, "The client's id or secret is wrong, or the client is disabled.")
}
