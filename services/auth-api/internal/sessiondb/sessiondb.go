// Package sessiondb opens session-db, the Redis with the records of tokens.
//
// It keeps the types of go-redis's clients out of package app, which is compiled after every
// change of the service: a package that names one takes two seconds longer to compile
// (docs/development.md, "The loop").
package sessiondb

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/services/auth-api/internal/access"
	"auth.books.test/verify"
	"auth.books.test/verify/direct"
	"auth.books.test/verify/token"
)

// Timeout bounds each call to Redis, except those that verify tokens.
const Timeout = time.Second

// DB is session-db, with what reads and writes the records of tokens there.
type DB struct {
	// Redis is for everything but the records of tokens.
	Redis    redis.Cmdable
	Tokens   *access.Store
	Verifier *direct.Verifier
	pool     pool
}

// pool are the connections; redis.UniversalClient implements it.
type pool interface {
	PoolStats() *redis.PoolStats
	Close() error
}

// Open opens the Redis of a URL, which need not be up yet. Close ends what it began, such as
// tracking changes. Its error says what is wrong with the setting.
func Open(url string, ring *token.KeyRing, o direct.Options) (*DB, error) {
	client, err := open(url)
	if err != nil {
		return nil, err
	}
	verifier, err := direct.New(client, ring, o)
	if err != nil {
		_ = client.Close()
		return nil, err
	}
	return &DB{Redis: client, Tokens: access.NewStore(client, ring, Timeout, verifier), Verifier: verifier, pool: client}, nil
}

// Find reads the record of a token; nil if there is none. It opens Redis for this one call.
// Errors: record.ErrInvalid, or Redis does not answer.
func Find(ctx context.Context, url string, ring *token.KeyRing, h token.Hash) (*verify.Principal, error) {
	client, err := open(url)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return access.NewStore(client, ring, Timeout, nil).Find(ctx, h)
}

func open(url string) (redis.UniversalClient, error) {
	client, err := direct.Open(url)
	if err != nil {
		return nil, fmt.Errorf("SESSION_DB_URL: %w", err)
	}
	return client, nil
}

// InUse is how many connections are in use.
func (db *DB) InUse() int {
	s := db.pool.PoolStats()
	return int(s.TotalConns - s.IdleConns)
}

// Close ends the verifier, then closes the connections.
func (db *DB) Close() {
	_ = db.Verifier.Close()
	_ = db.pool.Close()
}
