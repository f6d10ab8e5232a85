package resource

import (
	"context"
	"errors"
	"io"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// Clients keeps the records of an API's clients in line; client.Service does it.
type Clients interface {
	Follow(ctx context.Context, audience string) error
}

// Accounts finds people; account.Store does it.
type Accounts interface {
	// Find gives the id of the account of an address. Faults: account_not_found,
	// store_unavailable.
	Find(ctx context.Context, email string) (uuid.UUID, error)
}

// Service knows the rules of APIs, roles and their assignments.
type Service struct {
	authorizations *authorization.Service
	accounts       Accounts
	clients        Clients
	random         io.Reader
}

// New makes a Service. Random is crypto/rand.Reader outside of tests.
func New(authorizations *authorization.Service, accounts Accounts, clients Clients, random io.Reader) *Service {
	return &Service{authorizations: authorizations, accounts: accounts, clients: clients, random: random}
}

// recorded says whether a change was made, be it that not every store has heard of it.
func recorded(err error) bool {
	code := fault.CodeOf(err)
	return err == nil || code == fault.StoreUnavailable || code == fault.ChangeUnderWay
}

// follow tells the API's clients what it offers now, whether Redis had answered or not.
func (s *Service) follow(ctx context.Context, audience string, err error) error {
	if !recorded(err) {
		return err
	}
	return errors.Join(err, s.clients.Follow(ctx, audience))
}

func audienceNotFound() error {
	return fault.New(fault.APINotFound, "There is no API of this audience.")
}

func roleNotFound() error {
	return fault.New(fault.RoleNotFound, "The API has no role of this name.")
}
