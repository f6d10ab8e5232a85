package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify/token"
)

// Reader is what Direct needs of a Redis client.
type Reader interface {
	HGetAll(ctx context.Context, key string) *redis.MapStringStringCmd
}

// Direct verifies against Redis. It needs a client whose read deadline is short
// (see RedisOptions) and the key ring of the service that gives out the tokens.
//
// A cache has its place here, between the hash and the read; it must drop an
// entry as soon as Redis changes.
type Direct struct {
	store Reader
	ring  *token.KeyRing
	now   func() time.Time
}

// NewDirect makes a verifier. now is the clock, time.Now outside of tests.
func NewDirect(store Reader, ring *token.KeyRing, now func() time.Time) *Direct {
	return &Direct{store: store, ring: ring, now: now}
}

// Verify tells whose the token is. Errors: ErrInvalidToken, ErrUnavailable.
func (d *Direct) Verify(ctx context.Context, accessToken string) (Identity, error) {
	t, err := token.Parse(accessToken)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	hash, err := d.ring.Hash(t)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrInvalidToken, err)
	}
	fields, err := d.store.HGetAll(ctx, hash.Key()).Result()
	if err != nil {
		return Identity{}, fmt.Errorf("%w: read a token's record: %w", ErrUnavailable, err)
	}
	if len(fields) == 0 {
		return Identity{}, ErrInvalidToken
	}
	identity, err := decodeRecord(fields)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	// Redis drops expired records by its own clock; a verifier trusts the record.
	if !d.now().Before(identity.EndsAt()) {
		return Identity{}, ErrInvalidToken
	}
	identity.Hash = hash
	return identity, nil
}
