package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// Service creates, changes and disables clients.
type Service struct {
	store          *Store
	records        Records
	authorizations *authorization.Service
	audit          *audit.Recorder
	random         io.Reader
	now            func() time.Time
	log            *slog.Logger
}

// Options are the parts of a Service. All are required.
type Options struct {
	Store          *Store
	Records        Records
	Authorizations *authorization.Service
	Audit          *audit.Recorder
	Random         io.Reader
	Now            func() time.Time
	Log            *slog.Logger
}

// New makes a Service.
func New(o Options) *Service {
	return &Service{store: o.Store, records: o.Records, authorizations: o.Authorizations, audit: o.Audit, random: o.Random, now: o.Now, log: o.Log}
}

// Create makes a client. If the client was committed, the credentials are returned even
// together with the fault store_unavailable. Faults: validation_failed, api_not_found,
// store_unavailable.
func (s *Service) Create(ctx context.Context, r Registration) (Credentials, error) {
	r, err := r.checked()
	if err != nil {
		return Credentials{}, err
	}
	if r.ID, err = uuid.NewV7FromReader(s.random); err != nil {
		return Credentials{}, fmt.Errorf("make a client's id: %w", err)
	}
	made, hashes := Credentials{ID: r.ID}, [][]byte{}
	if r.Authentication == Secret {
		secret, hash, err := newSecret(s.random)
		if err != nil {
			return Credentials{}, fmt.Errorf("create client: %w", err)
		}
		made.Secret, hashes = secret, append(hashes, hash[:])
	}
	if err := s.store.insert(ctx, s.recording(audit.CreateClient, r.ID, r.Audience), r, hashes, s.now()); err != nil {
		return Credentials{}, fmt.Errorf("create client: %w", err)
	}
	return made, s.syncAll(ctx, "create client", r.ID)
}

// recording records an act on a client in the transaction of its change.
func (s *Service) recording(verb audit.Verb, id uuid.UUID, about string) recordAct {
	return func(ctx context.Context, tx pgx.Tx) error {
		return s.audit.Record(ctx, tx, audit.Event{Verb: verb, Subject: audit.Party{Kind: audit.Client, ID: id}, About: about})
	}
}

// Rotate adds a second secret; the first remains valid until DropOld. If the secret was
// committed, it is returned even together with the fault store_unavailable. Faults:
// client_not_found (unknown or disabled), validation_failed (it has no secret),
// already_exists (two are valid), store_unavailable.
func (s *Service) Rotate(ctx context.Context, id uuid.UUID) (Credentials, error) {
	secret, hash, err := newSecret(s.random)
	if err != nil {
		return Credentials{}, fmt.Errorf("rotate a client's secret: %w", err)
	}
	if err := s.store.addSecret(ctx, s.recording(audit.RotateSecret, id, ""), id, hash, s.now()); err != nil {
		return Credentials{}, fmt.Errorf("rotate a client's secret: %w", err)
	}
	return Credentials{id, secret}, s.syncAll(ctx, "rotate a client's secret", id)
}

// DropOld revokes all secrets but the newest. Faults: client_not_found (unknown or
// disabled), validation_failed (it has no secret), store_unavailable.
func (s *Service) DropOld(ctx context.Context, id uuid.UUID) error {
	if err := s.store.dropOld(ctx, s.recording(audit.DropOldSecrets, id, ""), id); err != nil {
		return fmt.Errorf("drop a client's old secret: %w", err)
	}
	return s.syncAll(ctx, "drop a client's old secret", id)
}

// Disable disables a client permanently, and ends all its tokens. Disabling it twice is no
// error. Faults: client_not_found, store_unavailable, change_under_way.
func (s *Service) Disable(ctx context.Context, id uuid.UUID) error {
	err := s.authorizations.Change(ctx, subject(id), audit.Event{Verb: audit.DisableClient}, func(ctx context.Context, tx *authorization.Tx) error {
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

// End ends all authorizations of a client at once: those in which it acts for people, and its
// own. The client stays usable. Faults: client_not_found (unknown or disabled),
// store_unavailable, change_under_way.
func (s *Service) End(ctx context.Context, id uuid.UUID) error {
	err := s.authorizations.Change(ctx, subject(id), audit.Event{Verb: audit.EndClient}, func(ctx context.Context, tx *authorization.Tx) error {
		if _, err := lock(ctx, tx, id); err != nil {
			return err
		}
		return tx.EndAll(ctx)
	})
	if err != nil {
		return fmt.Errorf("end client: %w", err)
	}
	return nil
}

func subject(id uuid.UUID) authorization.Subject { return authorization.Subject{ID: id, Client: true} }

// Check fails unless there is a client with this id that is enabled. Faults:
// client_not_found, store_unavailable.
func (s *Service) Check(ctx context.Context, id uuid.UUID) error {
	_, err := s.store.App(ctx, id)
	return err
}

// Follow updates the records of an API's clients after the API changed.
func (s *Service) Follow(ctx context.Context, audience string) error {
	ids, err := s.store.ofAPI(ctx, audience)
	if err != nil {
		return fmt.Errorf("update the clients of an API: %w", err)
	}
	return s.syncAll(ctx, "update the clients of an API", ids...)
}
