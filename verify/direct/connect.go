package direct

import (
	"context"
	"fmt"

	"auth.books.test/verify/token"
)

// Connect makes a verifier with a client of its own for a Redis URL (see Open). It does not
// wait for Redis. Close closes the client, too. A caller with no other use for Redis need not
// name go-redis's types, which cost two seconds of compile time.
func Connect(rawURL string, ring *token.KeyRing, o Options) (*Verifier, error) {
	client, err := Open(rawURL)
	if err != nil {
		return nil, err
	}
	v, err := New(client, ring, o)
	if err != nil {
		_ = client.Close()
		return nil, err
	}
	v.closeClient = client.Close
	return v, nil
}

// Ping asks Redis for any answer.
func (v *Verifier) Ping(ctx context.Context) error {
	if err := v.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping Redis: %w", err)
	}
	return nil
}
