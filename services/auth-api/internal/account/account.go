package account

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/mail"
)

// Account is a person who can sign in.
type Account struct {
	ID    uuid.UUID
	Email string
	// EmailVerified reports whether the address was proved to be the person's.
	EmailVerified bool
	Name          string
	Status        Status
	// PasswordVersion counts the changes of the password, from 1.
	PasswordVersion int64
	// SecondFactor says that a sign-in needs a second step after the password.
	SecondFactor bool
	CreatedAt    time.Time
	// misses are the wrong passwords since the last right one.
	misses int
}

// Status says whether an account may sign in.
type Status string

// The closed set of statuses.
const (
	Active   Status = "active"
	Disabled Status = "disabled"
)

// Passwords hashes and verifies passwords; password.Pool implements it.
type Passwords interface {
	CheckCapacity() error
	Hash(ctx context.Context, password string) (phc string, err error)
	Verify(ctx context.Context, password, phc string) (ok, needsRehash bool, err error)
	VerifyDummy(ctx context.Context, password string) error
}

// Policy decides whether a new password is accepted; password.Policy implements it.
type Policy interface {
	Check(location, password, email string) error
	CheckChange(location, current, next, email string) error
}

// Belongings deletes what another package stores about an account; resource.Store
// implements it.
type Belongings interface {
	Forget(ctx context.Context, tx pgx.Tx, account uuid.UUID) error
}

// Factors are the second factors of accounts; factor.Store implements it.
type Factors interface {
	Belongings
	// ClearMisses makes codes of an authenticator app be taken again after many wrong ones.
	ClearMisses(ctx context.Context, tx pgx.Tx, account uuid.UUID) error
	// ForgetSilent deletes passkeys that browsers have made after a sign-in with the password, while
	// sign-ins have no second step.
	ForgetSilent(ctx context.Context, tx pgx.Tx, account uuid.UUID) error
	// ForgetSince deletes a factor that was made at that time or later.
	ForgetSince(ctx context.Context, tx pgx.Tx, account uuid.UUID, at time.Time) error
}

// Mails queues mails; mail.Outbox implements it.
type Mails interface {
	// Enabled says whether the service sends mails.
	Enabled() bool
	Queue(ctx context.Context, tx pgx.Tx, m mail.Mail) error
	// Wake says that a transaction with a mail was committed.
	Wake()
	Forget(ctx context.Context, tx pgx.Tx, account uuid.UUID) error
}

// Service implements the rules of accounts.
type Service struct {
	store          *Store
	passwords      Passwords
	preferred      Passwords
	policy         Policy
	authorizations *authorization.Service
	belongings     Belongings
	factors        Factors
	audit          *audit.Recorder
	codes          *code.Codes
	mails          Mails
	random         io.Reader
	misses         *misses
}

// Options are the parts of a Service. All are required.
type Options struct {
	Store     *Store
	Passwords Passwords
	// Preferred are those of people in a session or on a known device, who do not wait
	// behind strangers.
	Preferred      Passwords
	Policy         Policy
	Authorizations *authorization.Service
	Belongings     Belongings
	Factors        Factors
	Audit          *audit.Recorder
	Codes          *code.Codes
	Mails          Mails
	Random         io.Reader
}

// New makes a Service.
func New(o Options) *Service {
	return &Service{
		store: o.Store, passwords: o.Passwords, preferred: o.Preferred, policy: o.Policy, authorizations: o.Authorizations, belongings: o.Belongings, factors: o.Factors, audit: o.Audit, codes: o.Codes, mails: o.Mails, random: o.Random,
		misses: newMisses(),
	}
}
