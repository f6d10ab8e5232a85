package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
)

// reconcileEvery is how long a record may differ from Postgres once both stores
// answer.
const reconcileEvery = 2 * time.Second

// carried brings records in line with what was committed. A caller who leaves
// now does not stop it.
func (s *Service) carried(ctx context.Context, what string, ids ...uuid.UUID) error {
	ctx = context.WithoutCancel(ctx)
	for _, id := range ids {
		if err := s.carry(ctx, id); err != nil {
			return fmt.Errorf("%s: %w", what, fault.Wrap(fault.StoreUnavailable,
				"The change is recorded, but the session store does not answer. It takes effect as soon as that is back.", err))
		}
	}
	return nil
}

// carry writes a client's record as Postgres has it. The row is held until the
// record is written, so an older truth can never be written over a newer one.
func (s *Service) carry(ctx context.Context, id uuid.UUID) error {
	return s.store.hold(ctx, id, func(ctx context.Context, t truth) error {
		if t.disabled {
			return s.records.Drop(ctx, id)
		}
		return s.records.Put(ctx, id, t.record)
	})
}

// Reconcile brings records in line with Postgres until ctx ends. Every replica
// may run it.
func (s *Service) Reconcile(ctx context.Context) {
	ticker := time.NewTicker(reconcileEvery)
	defer ticker.Stop()
	failing := false
	for {
		mended, err := s.ReconcileOnce(ctx)
		switch {
		case err != nil && !failing && ctx.Err() == nil:
			s.log.WarnContext(ctx, "clients' records are not compared", "error", err)
		case mended > 0:
			s.log.InfoContext(ctx, "clients' records brought in line", "clients", mended)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// ReconcileOnce is one round of Reconcile; it says how many records differed. It
// looks without locks and writes only what differs.
func (s *Service) ReconcileOnce(ctx context.Context) (mended int, err error) {
	truths, err := s.store.truths(ctx)
	if err != nil || len(truths) == 0 {
		return 0, err
	}
	ids := make([]uuid.UUID, 0, len(truths))
	for id := range truths {
		ids = append(ids, id)
	}
	records, err := s.records.ReadAll(ctx, ids)
	if err != nil {
		return 0, err
	}
	for id, t := range truths {
		record, found := records[id]
		if found != t.disabled && (t.disabled || record.equal(t.record)) {
			continue
		}
		// One that cannot be written does not keep back the others.
		if failed := s.carry(ctx, id); failed != nil {
			err = errors.Join(err, fmt.Errorf("bring a client's record in line: %w", failed))
			continue
		}
		mended++
	}
	return mended, err
}
