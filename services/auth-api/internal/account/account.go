package account

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/session"
)

// Account is a person who can sign in.
type Account struct {
	ID     uuid.UUID
	Email  string
	Name   string
	Status Status
	// PasswordVersion counts the changes of the password, from 1.
	PasswordVersion int64
	CreatedAt       time.Time
}

// Status says whether an account may sign in.
type Status string

// The closed set of statuses.
const (
	Active   Status = "active"
	Disabled Status = "disabled"
)

// Passwords hashes and compares; password.Pool does it.
type Passwords interface {
	Room() error
	Hash(ctx context.Context, password string) (phc string, err error)
	Verify(ctx context.Context, password, phc string) (ok, needsRehash bool, err error)
	VerifyNothing(ctx context.Context, password string) error
}

// Policy judges new passwords; password.Policy does it.
type Policy interface {
	Check(location, password, email string) error
	CheckChange(location, current, next, email string) error
}

// Sessions ends sessions and keeps tokens in line; session.Service does it.
type Sessions interface {
	Revoke(ctx context.Context, r session.Revocation) error
	Change(ctx context.Context, accountID uuid.UUID, change session.Change) error
}

// Service knows the rules of accounts.
type Service struct {
	store     *Store
	passwords Passwords
	policy    Policy
	sessions  Sessions
	random    io.Reader
}

// New makes a Service. Random is crypto/rand.Reader outside of tests.
func New(store *Store, passwords Passwords, policy Policy, sessions Sessions, random io.Reader) *Service {
	return &Service{store: store, passwords: passwords, policy: policy, sessions: sessions, random: random}
}
