package session

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// Tokens is what sessions need of the access tokens.
type Tokens interface {
	Put(ctx context.Context, hash token.Hash, principal verify.Principal) error
	Drop(ctx context.Context, hashes ...token.Hash) error
	Replace(ctx context.Context, principals ...verify.Principal) error
	Copy
}

// Copy is what a rebuild needs of them: Redis as a whole, which is a copy of what
// Postgres says. A mark names one rebuild.
type Copy interface {
	Rebuilt(ctx context.Context) (bool, error)
	Claim(ctx context.Context, mark string, during time.Duration) (held bool, err error)
	Release(ctx context.Context, mark string)
	// Evicts says that what is written may be lost at any moment.
	Evicts() bool
	BeginRebuild(ctx context.Context, mark string) (began string, err error)
	Restore(ctx context.Context, principals ...verify.Principal) error
	Complete(ctx context.Context, began string) error
	Records(ctx context.Context, each func(context.Context, []token.Hash) error) error
	// Ours gives those tokens whose record is surely not of another program.
	Ours(ctx context.Context, hashes []token.Hash) ([]token.Hash, error)
	FinishRebuild(ctx context.Context, began string) error
}

// Issuer makes access tokens.
type Issuer interface {
	Issue() (token.Token, token.Hash, error)
}

// Service opens, lists and ends sessions.
type Service struct {
	store     *Store
	tokens    Tokens
	issuer    Issuer
	lifetimes Lifetimes
	now       func() time.Time
	random    io.Reader
	log       *slog.Logger
	wake      chan struct{}
	damaged   Damaged
	seen      seen
	rebuilds  atomic.Uint64
	// mark is of the rebuild that this replica began; it does one at a time.
	rebuilding sync.Mutex
	mark       string
	// restUntil is when the next rebuild may begin in a Redis that evicts.
	restUntil time.Time
}

// Options are the parts of a Service. All are needed but those that say so.
type Options struct {
	Store     *Store
	Tokens    Tokens
	Issuer    Issuer
	Lifetimes Lifetimes
	Now       func() time.Time
	Random    io.Reader
	Log       *slog.Logger
	// Damaged may be nil: then nothing is noted.
	Damaged Damaged
}

// New makes a Service.
func New(o Options) *Service {
	return &Service{
		store: o.Store, tokens: o.Tokens, issuer: o.Issuer, lifetimes: o.Lifetimes,
		now: o.Now, random: o.Random, log: o.Log, wake: make(chan struct{}, 1), damaged: o.Damaged,
	}
}
