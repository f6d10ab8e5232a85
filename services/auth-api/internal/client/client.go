package client

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Client is a program that has shown its credentials.
type Client struct {
	ID uuid.UUID
	// Audience is that of its API.
	Audience string
	// Scopes are all that its API offers.
	Scopes []string
}

// Narrow leaves those of the scopes that are the API's.
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
	ID       uuid.UUID
	Audience string
	Name     string
	// Secrets is how many are live: one, or two while one replaces the other.
	Secrets   int
	CreatedAt time.Time
	RotatedAt time.Time
	// DisabledAt is zero while the client is enabled.
	DisabledAt time.Time
}

// Credentials are what a client shows. They are told once.
type Credentials struct {
	ID     uuid.UUID
	Secret string
}

// Records keeps clients' records; RedisRecords does it.
type Records interface {
	Reader
	ReadAll(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Record, error)
	Put(ctx context.Context, id uuid.UUID, r Record) error
	Drop(ctx context.Context, id uuid.UUID) error
}
