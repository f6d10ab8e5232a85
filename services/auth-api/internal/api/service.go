package api

import (
	"context"
	"io"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/session"
)

// Sessions keeps live tokens in line with what is granted; session.Service does it.
type Sessions interface {
	Regrant(ctx context.Context, whose session.Whose, change session.Change) error
}

// Clients keeps the records of an API's clients in line; client.Service does it.
type Clients interface {
	Follow(ctx context.Context, audience string) error
}

// Service knows the rules of APIs, roles and grants. Its SQL stands beside each
// rule: all of it runs in the transactions of Sessions.
type Service struct {
	sessions Sessions
	clients  Clients
	random   io.Reader
}

// New makes a Service. Random is crypto/rand.Reader outside of tests.
func New(sessions Sessions, clients Clients, random io.Reader) *Service {
	return &Service{sessions: sessions, clients: clients, random: random}
}

// nobody is whom a change is about that no account can have been granted yet.
func nobody(context.Context, pgx.Tx) ([]uuid.UUID, error) { return nil, nil }

func audienceNotFound() error {
	return fault.New(fault.APINotFound, "There is no API of this audience.")
}

func roleNotFound() error {
	return fault.New(fault.RoleNotFound, "The API has no role of this name.")
}
