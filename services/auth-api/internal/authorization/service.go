package authorization

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/access"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// People knows what records say of persons; account.Store does it.
type People interface {
	// People gives those of the accounts that there are.
	People(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]verify.Account, error)
}

// Assignments knows the roles of subjects; resource.Store does it.
type Assignments interface {
	// Assigned gives what each of the subjects has now.
	Assigned(ctx context.Context, tx pgx.Tx, subjects []uuid.UUID) (map[uuid.UUID]Scopes, error)
	// RoleHolders and APIHolders give, in order, subjects from an id on that have the
	// role, or any role of the API; fewer than limit are the last.
	RoleHolders(ctx context.Context, tx pgx.Tx, role, from uuid.UUID, limit int) ([]uuid.UUID, error)
	APIHolders(ctx context.Context, tx pgx.Tx, api, from uuid.UUID, limit int) ([]uuid.UUID, error)
}

// Service issues, ends and rewrites authorizations, and keeps Redis in line.
type Service struct {
	db          *postgres.DB
	records     *access.Store
	ring        *token.KeyRing
	people      People
	assignments Assignments
	idle        time.Duration
	now         func() time.Time
	random      io.Reader
	log         *slog.Logger
	damaged     Damaged
	wake        chan struct{}
	rebuilds    atomic.Uint64
	rebuilding  sync.Mutex // held while this replica rebuilds; guards mark and restUntil
	// mark names the rebuild that this replica began.
	mark string
	// restUntil is when the next rebuild may begin in a Redis that evicts.
	restUntil time.Time
}

// Options are the parts of a Service. All are needed but those that say so.
type Options struct {
	DB          *postgres.DB
	Records     *access.Store
	Ring        *token.KeyRing
	People      People
	Assignments Assignments
	// Idle is how long a session lives without being used.
	Idle   time.Duration
	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
	// Damaged may be nil: then nothing is noted.
	Damaged Damaged
}

// New makes a Service.
func New(o Options) *Service {
	return &Service{
		db: o.DB, records: o.Records, ring: o.Ring, people: o.People, assignments: o.Assignments, idle: o.Idle,
		now: o.Now, random: o.Random, log: o.Log, damaged: o.Damaged, wake: make(chan struct{}, 1),
	}
}
