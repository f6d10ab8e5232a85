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

// Service creates, changes and disables clients.
type Service struct {
	store          *Store
	records        Records
	authorizations *authorization.Service
	random         io.Reader
	now            func() time.Time
	log            *slog.Logger
}

// Options are the parts of a Service. All are required.
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

// Create makes a client of the API. If the client was committed, the credentials are
// returned even together with the fault store_unavailable. Faults: validation_failed,
// api_not_found, store_unavailable.
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
	return Credentials{id, secret}, s.syncAll(ctx, "create client", id)
}

// Rotate adds a second secret; the first remains valid until DropOld. If the secret was
// committed, it is returned even together with the fault store_unavailable. Faults:
// client_not_found (unknown or disabled), already_exists (two are valid),
// store_unavailable.
func (s *Service) Rotate(ctx context.Context, id uuid.UUID) (Credentials, error) {
	secret, hash, err := newSecret(s.random)
	if err != nil {
		return Credentials{}, fmt.Errorf("rotate a client's secret: %w", err)
	}
	if err := s.store.addSecret(ctx, id, hash, s.now()); err != nil {
		return Credentials{}, fmt.Errorf("rotate a client's secret: %w", err)
	}
	return Credentials{id, secret}, s.syncAll(ctx, "rotate a client's secret", id)
}

// DropOld revokes all secrets but the newest. Faults: client_not_found (unknown or
// disabled), store_unavailable.
func (s *Service) DropOld(ctx context.Context, id uuid.UUID) error {
	if err := s.store.dropOld(ctx, id); err != nil {
		return fmt.Errorf("drop a client's old secret: %w", err)
	}
	return s.syncAll(ctx, "drop a client's old secret", id)
}

// Disable disables a client permanently, and ends all its tokens. Disabling it twice is no
// error. Faults: client_not_found, store_unavailable, change_under_way.
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
	// Delete the client's own record even if ending its tokens takes longer.
	return errors.Join(err, s.syncAll(ctx, "disable client", id))
}

// Follow updates the records of an API's clients after the API changed.
func (s *Service) Follow(ctx context.Context, audience string) error {
	ids, err := s.store.ofAPI(ctx, audience)
	if err != nil {
		return fmt.Errorf("update the clients of an API: %w", err)
	}
	return s.syncAll(ctx, "update the clients of an API", ids...)
}
