package factor

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/mail"
	"auth.books.test/services/auth-api/internal/servicekey"
	"auth.books.test/verify"
)

// People finds accounts; account.Store implements it.
type People interface {
	People(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]verify.Account, error)
	// Find returns the account that has an address, as an operator names it.
	Find(ctx context.Context, email string) (id uuid.UUID, verified bool, err error)
}

// Mails queues mails; mail.Outbox implements it.
type Mails interface {
	Queue(ctx context.Context, tx pgx.Tx, m mail.Mail) error
	// Wake says that a transaction with a mail was committed.
	Wake()
}

// Options are the parts of a Service. All are required.
type Options struct {
	Store          *Store
	Authorizations *authorization.Service
	People         People
	Mails          Mails
	// Ring encrypts secrets.
	Ring *servicekey.Ring
	// Name is what authenticator apps call this service.
	Name   string
	Random io.Reader
	Now    func() time.Time
}

// Service turns second factors on and off, and checks their codes.
type Service struct {
	store          *Store
	authorizations *authorization.Service
	people         People
	mails          Mails
	ring           *servicekey.Ring
	name           string
	random         io.Reader
	now            func() time.Time
}

// New makes a Service.
func New(o Options) *Service {
	return &Service{
		store: o.Store, authorizations: o.Authorizations, people: o.People, mails: o.Mails, ring: o.Ring, random: o.Random, now: o.Now,
		// A colon separates the name from the account in a label (Key URI Format).
		name: strings.ReplaceAll(o.Name, ":", " "),
	}
}

func notFound() error {
	return fault.New(fault.FactorNotFound, "The account has no second factor.")
}

func alreadyOn() error {
	return fault.New(fault.AlreadyExists, "The account has an authenticator app. Remove it first.")
}

// wrongCode is the fault of every code that is not good, in the same words.
func wrongCode() error {
	return fault.New(fault.InvalidCode, "The code is wrong, too old, or was used. Wait for the next code of the app, or use a recovery code; after many wrong codes only recovery codes are taken.")
}

// notice queues a mail to the owner of an account, if the address is proved to be theirs.
func (s *Service) notice(ctx context.Context, tx pgx.Tx, kind mail.Kind, account uuid.UUID) error {
	people, err := s.people.People(ctx, tx, []uuid.UUID{account})
	if err != nil {
		return fmt.Errorf("find whom to tell: %w", err)
	}
	owner := people[account]
	if !owner.EmailVerified {
		return nil
	}
	return s.mails.Queue(ctx, tx, mail.Mail{Kind: kind, To: owner.Email, Account: account})
}
