package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/verify/token"
)

// Presented is what a client sends to authenticate: an id alone if it is public, a secret
// beside it, or an assertion.
type Presented struct {
	// ID is the client_id; "" if only the assertion says it.
	ID string
	// Secret and Assertion are "" if they were not sent. At most one was.
	Secret, Assertion string
}

// Identifier authenticates clients at the token endpoint, by any method. It asks Postgres,
// since what is issued there is written there anyway.
type Identifier struct {
	store     *Store
	audiences []string
	now       func() time.Time
}

// NewIdentifier makes an Identifier. audiences are the names of this server in the assertions
// of clients.
func NewIdentifier(store *Store, audiences []string, now func() time.Time) *Identifier {
	return &Identifier{store: store, audiences: audiences, now: now}
}

// Identify returns the client that has proved who it is. An assertion is used up by that.
// Faults: invalid_client, the same for whatever is wrong; store_unavailable.
func (i *Identifier) Identify(ctx context.Context, p Presented) (Registration, error) {
	var signed assertion
	if p.Assertion != "" {
		var err error
		if signed, err = parseAssertion(p.Assertion); err != nil {
			return Registration{}, invalidClient()
		}
		subject := signed.subject()
		if p.ID != "" && p.ID != subject {
			return Registration{}, invalidClient()
		}
		p.ID = subject
	}
	id, err := uuid.Parse(p.ID)
	if err != nil || id.String() != p.ID || p.Secret != "" && !token.IsSecret(p.Secret, Prefix) {
		return Registration{}, invalidClient()
	}
	known, err := i.store.find(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !known.DisabledAt.IsZero() {
		return Registration{}, invalidClient()
	}
	if err != nil {
		return Registration{}, fmt.Errorf("authenticate a client: %w", err)
	}
	switch {
	case p.Assertion != "":
		err = i.accept(ctx, known, signed)
	case p.Secret != "":
		if known.Authentication != Secret || !matches(p.Secret, known.secrets) {
			err = invalidClient()
		}
	case !known.Public():
		err = invalidClient()
	}
	if err != nil {
		return Registration{}, err
	}
	return known.Registration, nil
}

// accept checks an assertion, and uses it up.
func (i *Identifier) accept(ctx context.Context, known Listed, signed assertion) error {
	if known.Authentication != PrivateKey {
		return invalidClient()
	}
	proof, ok := signed.verify(known.Keys, known.ID.String(), i.audiences, i.now())
	if !ok {
		return invalidClient()
	}
	first, err := i.store.use(ctx, known.ID, proof)
	if err != nil {
		return fmt.Errorf("authenticate a client: %w", err)
	}
	if !first {
		return invalidClient()
	}
	return nil
}

// Origins are those of the pages that a client serves. Faults: client_not_found (unknown or
// disabled), store_unavailable.
func (i *Identifier) Origins(ctx context.Context, clientID string) ([]string, error) {
	id, err := uuid.Parse(clientID)
	if err != nil {
		return nil, notFound()
	}
	app, err := i.store.App(ctx, id)
	return app.Origins, err
}
