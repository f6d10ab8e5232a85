package client

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Client is an authenticated client: a program with credentials of its own.
type Client struct {
	ID uuid.UUID
	// Audience is the audience of its API.
	Audience string
	// Scopes are all scopes of its API.
	Scopes []string
}

// Narrow returns those of the scopes that belong to the client's API.
func (c Client) Narrow(scopes []string) []string {
	own := make([]string, 0, len(scopes))
	for _, s := range scopes {
		if slices.Contains(c.Scopes, s) {
			own = append(own, s)
		}
	}
	return own
}

// Listed is a client as an operator sees it.
type Listed struct {
	Registration
	CreatedAt time.Time
	RotatedAt time.Time
	// DisabledAt is zero while the client is enabled.
	DisabledAt time.Time
	secrets    []secretHash
}

// Secrets is the number of valid secrets: one, or two during a rotation; none of clients
// that have no secret.
func (l Listed) Secrets() int { return len(l.secrets) }

// Credentials are what a client authenticates with. The secret is shown only once; it is ""
// for clients that have none.
type Credentials struct {
	ID     uuid.UUID
	Secret string
}

// Records reads and writes clients' records; RedisRecords implements it.
type Records interface {
	Reader
	ReadAll(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Record, error)
	Put(ctx context.Context, id uuid.UUID, r Record) error
	Drop(ctx context.Context, id uuid.UUID) error
}
