package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Recorder records events.
type Recorder struct {
	now    func() time.Time
	random io.Reader
}

// New makes a Recorder. random is crypto/rand.Reader, except in tests.
func New(now func() time.Time, random io.Reader) *Recorder {
	return &Recorder{now: now, random: random}
}

// Record stores an event in the transaction of the act.
func (r *Recorder) Record(ctx context.Context, tx pgx.Tx, e Event) error {
	row, err := r.row(ctx, e)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, insertOne, row.values()...); err != nil {
		return fmt.Errorf("record an event: %w", err)
	}
	return nil
}

// RecordAll stores events in the transaction of the acts, in one round trip.
func (r *Recorder) RecordAll(ctx context.Context, tx pgx.Tx, events []Event) error {
	batch := &pgx.Batch{}
	for _, e := range events {
		row, err := r.row(ctx, e)
		if err != nil {
			return err
		}
		batch.Queue(insertOne, row.values()...)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("record %d events: %w", len(events), err)
	}
	return nil
}

func (r *Recorder) row(ctx context.Context, e Event) (row, error) {
	if e.Verb == "" {
		return row{}, errors.New("record an event: it has no verb")
	}
	id, err := uuid.NewV7FromReader(r.random)
	if err != nil {
		return row{}, fmt.Errorf("make an event's id: %w", err)
	}
	w := newRow(Of(ctx), e, 1)
	w.id, w.at = id, r.now().UTC()
	return w, nil
}

// Forget deletes addresses and devices of an account that is deleted.
func (r *Recorder) Forget(ctx context.Context, tx pgx.Tx, accounts ...uuid.UUID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM event_origins WHERE subject = ANY($1)`, accounts); err != nil {
		return fmt.Errorf("delete the origins of an account's events: %w", err)
	}
	return nil
}
