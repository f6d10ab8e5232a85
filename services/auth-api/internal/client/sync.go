package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
)

// reconcileInterval is how long a record may differ from Postgres while both stores
// answer.
const reconcileInterval = 2 * time.Second

// syncAll updates the records of clients after a change. It ignores cancellation: the
// change is already committed.
func (s *Service) syncAll(ctx context.Context, what string, ids ...uuid.UUID) error {
	ctx = context.WithoutCancel(ctx)
	for _, id := range ids {
		if err := s.sync(ctx, id); err != nil {
			return fmt.Errorf("%s: %w", what, fault.Wrap(fault.StoreUnavailable,
				"The change is recorded, but the session store does not answer. The change takes effect as soon as the session store is back.", err))
		}
	}
	return nil
}

// sync derives a client's record from Postgres and writes it. The client's row stays locked
// until the record is written, so that an older state never overwrites a newer one.
func (s *Service) sync(ctx context.Context, id uuid.UUID) error {
	return s.store.withLock(ctx, id, func(ctx context.Context, current state) error {
		if current.disabled {
			return s.records.Drop(ctx, id)
		}
		return s.records.Put(ctx, id, current.record)
	})
}

// Reconcile corrects records that differ from Postgres, until ctx ends. Every replica may
// run it.
func (s *Service) Reconcile(ctx context.Context) {
	ticker := time.NewTicker(reconcileInterval)
	defer ticker.Stop()
	failing := false
	for {
		corrected, err := s.ReconcileOnce(ctx)
		switch {
		case err != nil && !failing && ctx.Err() == nil:
			s.log.WarnContext(ctx, "could not compare clients' records with Postgres", "error", err)
		case corrected > 0:
			s.log.InfoContext(ctx, "corrected clients' records that differed from Postgres", "clients", corrected)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// ReconcileOnce is one round of Reconcile; it returns how many records it corrected. It
// compares without locks, and writes only records that differ.
func (s *Service) ReconcileOnce(ctx context.Context) (corrected int, err error) {
	states, err := s.store.states(ctx)
	if err != nil || len(states) == 0 {
		return 0, err
	}
	ids := make([]uuid.UUID, 0, len(states))
	for id := range states {
		ids = append(ids, id)
	}
	records, err := s.records.ReadAll(ctx, ids)
	if err != nil {
		return 0, err
	}
	for id, current := range states {
		record, found := records[id]
		if found != current.disabled && (current.disabled || record.equal(current.record)) {
			continue
		}
		// If one record cannot be written, go on with the others.
		if failed := s.sync(ctx, id); failed != nil {
			err = errors.Join(err, fmt.Errorf("correct a client's record: %w", failed))
			continue
		}
		corrected++
	}
	return corrected, err
}
