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
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/services/auth-api/internal/refresh"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// People reads the personal data of records; account.Store implements it.
type People interface {
	// People returns the accounts with these ids. Missing ones are left out.
	People(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]verify.Account, error)
}

// Assignments reads the roles of subjects; resource.Store implements it.
type Assignments interface {
	// Assigned returns the scopes that each subject has now.
	Assigned(ctx context.Context, tx pgx.Tx, subjects []uuid.UUID) (map[uuid.UUID]Scopes, error)
	// RoleHolders and APIHolders return the subjects that have the role, or any role of the
	// API, in the order of their ids, beginning with from. Fewer than limit are the last.
	RoleHolders(ctx context.Context, tx pgx.Tx, role, from uuid.UUID, limit int) ([]uuid.UUID, error)
	APIHolders(ctx context.Context, tx pgx.Tx, api, from uuid.UUID, limit int) ([]uuid.UUID, error)
}

// Service issues, ends and rewrites authorizations, and keeps Redis in sync.
type Service struct {
	db          *postgres.DB
	records     *access.Store
	ring        *token.KeyRing
	refreshes   *refresh.Tokens
	audit       *audit.Recorder
	people      People
	assignments Assignments
	idle        time.Duration
	now         func() time.Time
	random      io.Reader
	log         *slog.Logger
	damaged     Damaged
	wake        chan struct{}
	rebuilds    atomic.Uint64
	rebuilding  sync.Mutex // held while this replica rebuilds; guards the fields below
	// rebuildID is the id of the rebuild that this replica began; empty if none.
	rebuildID string
	// cooldownUntil is when the next rebuild of a Redis that evicts may begin.
	cooldownUntil time.Time
}

// Options are the parts of a Service. All are required unless they say otherwise.
type Options struct {
	DB          *postgres.DB
	Records     *access.Store
	Ring        *token.KeyRing
	Refreshes   *refresh.Tokens
	Audit       *audit.Recorder
	People      People
	Assignments Assignments
	// Idle is the idle timeout of sessions.
	Idle   time.Duration
	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
	// Damaged may be nil: then damaged records are not rewritten.
	Damaged Damaged
}

// New makes a Service.
func New(o Options) *Service {
	return &Service{
		db: o.DB, records: o.Records, ring: o.Ring, refreshes: o.Refreshes, audit: o.Audit, people: o.People, assignments: o.Assignments, idle: o.Idle,
		now: o.Now, random: o.Random, log: o.Log, damaged: o.Damaged, wake: make(chan struct{}, 1),
	}
}
