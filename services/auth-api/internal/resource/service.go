package resource

import (
	"context"
	"errors"
	"io"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// Clients finds clients, and updates the records of an API's clients; client.Service
// implements it.
type Clients interface {
	Follow(ctx context.Context, audience string) error
	// Check fails unless there is an enabled client with this id. Faults: client_not_found,
	// store_unavailable.
	Check(ctx context.Context, id uuid.UUID) error
}

// Accounts finds accounts; account.Store implements it.
type Accounts interface {
	// Find returns the account with an address, and whether the address is verified.
	// Faults: account_not_found, store_unavailable.
	Find(ctx context.Context, email string) (id uuid.UUID, verified bool, err error)
	// Check fails unless there is an account with this id. Faults: account_not_found,
	// store_unavailable.
	Check(ctx context.Context, id uuid.UUID) error
}

// Service implements the rules of APIs, roles and their assignments.
type Service struct {
	authorizations *authorization.Service
	accounts       Accounts
	clients        Clients
	random         io.Reader
}

// New makes a Service. random is crypto/rand.Reader, except in tests.
func New(authorizations *authorization.Service, accounts Accounts, clients Clients, random io.Reader) *Service {
	return &Service{authorizations: authorizations, accounts: accounts, clients: clients, random: random}
}

// recorded says whether a change was committed, even if it has not reached Redis yet.
func recorded(err error) bool {
	code := fault.CodeOf(err)
	return err == nil || code == fault.StoreUnavailable || code == fault.ChangeUnderWay
}

// syncClients updates the records of the API's clients if the change was committed, even if
// err says that Redis did not answer.
func (s *Service) syncClients(ctx context.Context, audience string, err error) error {
	if !recorded(err) {
		return err
	}
	return errors.Join(err, s.clients.Follow(ctx, audience))
}

func audienceNotFound() error {
	return fault.New(fault.APINotFound, "There is no API with this audience.")
}

func roleNotFound() error {
	return fault.New(fault.RoleNotFound, "The API has no role with this name.")
}
