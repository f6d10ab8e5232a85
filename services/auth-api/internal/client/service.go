package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// maxName is how many bytes a client's name may have.
const maxName = 64

// Service makes and ends clients.
type Service struct {
	store          *Store
	records        Records
	authorizations *authorization.Service
	random         io.Reader
	now            func() time.Time
	log            *slog.Logger
}

// Options are the parts of a Service. All are needed.
type Options struct {
	Store          *Store
	Records        Records
	Authorizations *authorization.Service
	Random         io.Reader
	Now            func() time.Time
	Log            *slog.Logger
}

// New makes a Service.
func New(o Options) *Service {
	return &Service{store: o.Store, records: o.Records, authorizations: o.Authorizations, random: o.Random, now: o.Now, log: o.Log}
}

// Create makes a client of the API. The credentials are given even with the
// fault store_unavailable, if the client was recorded. Faults:
// validation_failed, api_not_found, store_unavailable.
func (s *Service) Create(ctx context.Context, audience, name string) (Credentials, error) {
	if len(name) > maxName || clean(name) != name {
		return Credentials{}, fault.Invalid("name", "not_a_name", "Use at most 64 bytes of text without control characters.")
	}
	id, err := uuid.NewV7FromReader(s.random)
	if err != nil {
		return Credentials{}, fmt.Errorf("make a client's id: %w", err)
	}
	secret, hash, err := newSecret(s.random)
	if err != nil {
		return Credentials{}, fmt.Errorf("create client: %w", err)
	}
	if err := s.store.insert(ctx, id, audience, name, hash, s.now()); err != nil {
		return Credentials{}, fmt.Errorf("create client: %w", err)
	}
	return Credentials{id, secret}, s.carried(ctx, "create client", id)
}

// Rotate adds a second secret; the first stays good until DropOld. The secret is
// given even with the fault store_unavailable, if it was recorded. Faults:
// client_not_found (or disabled), already_exists (two are live),
// store_unavailable.
func (s *Service) Rotate(ctx context.Context, id uuid.UUID) (Credentials, error) {
	secret, hash, err := newSecret(s.random)
	if err != nil {
		return Credentials{}, fmt.Errorf("rotate a client's secret: %w", err)
	}
	if err := s.store.addSecret(ctx, id, hash, s.now()); err != nil {
		return Credentials{}, fmt.Errorf("rotate a client's secret: %w", err)
	}
	return Credentials{id, secret}, s.carried(ctx, "rotate a client's secret", id)
}

// DropOld ends all secrets but the newest. Faults: client_not_found (or
// disabled), store_unavailable.
func (s *Service) DropOld(ctx context.Context, id uuid.UUID) error {
	if err := s.store.dropOld(ctx, id); err != nil {
		return fmt.Errorf("drop a client's old secret: %w", err)
	}
	return s.carried(ctx, "drop a client's old secret", id)
}

// Disable ends a client for good, with every token that it has. Once more is no error. Faults:
// client_not_found, store_unavailable.
func (s *Service) Disable(ctx context.Context, id uuid.UUID) error {
	err := s.authorizations.Change(ctx, authorization.Subject{ID: id, Client: true}, func(ctx context.Context, tx *authorization.Tx) error {
		if err := disable(ctx, tx, id, s.now()); err != nil {
			return err
		}
		return tx.Disable(ctx)
	})
	if code := fault.CodeOf(err); err != nil && code != fault.StoreUnavailable && code != fault.ChangeUnderWay {
		return fmt.Errorf("disable client: %w", err)
	}
	// Its own record goes, even if its tokens take longer.
	return errors.Join(err, s.carried(ctx, "disable client", id))
}

// Follow brings the records of an API's clients in line after the API changed.
func (s *Service) Follow(ctx context.Context, audience string) error {
	ids, err := s.store.of(ctx, audience)
	if err != nil {
		return fmt.Errorf("follow an API: %w", err)
	}
	return s.carried(ctx, "follow an API", ids...)
}
