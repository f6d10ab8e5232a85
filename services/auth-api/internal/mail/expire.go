package mail

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
)

const (
	sweepEvery = 5 * time.Minute
	// keepFor is how long it is known what became of a mail.
	keepFor = 30 * 24 * time.Hour
)

// expire marks mails as unknown whose replica died while it sent them.
func (o *Outbox) expire(ctx context.Context) error {
	type lost struct {
		id   uuid.UUID
		kind Kind
	}
	var found []lost
	err := o.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `
			UPDATE mails SET state = 'unknown', data = '{}', error = 'the replica that was sending it died'
			WHERE state = 'sending' AND next_try_at <= $1 RETURNING id, kind`, o.now().UTC())
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l lost, err error) { return l, row.Scan(&l.id, &l.kind) })
		return err
	})
	if err != nil {
		return fmt.Errorf("find mails of replicas that died: %w", err)
	}
	for _, l := range found {
		o.count(l.kind, Unknown)
		o.log.ErrorContext(ctx, "a replica died while it sent a mail: whether it arrives is unknown, and it is not sent again", "mail", l.id, "kind", l.kind)
	}
	return nil
}

// SweepOnce deletes the rows of mails that are 30 days old, and returns how many.
func (o *Outbox) SweepOnce(ctx context.Context) (total int64, err error) {
	total, err = o.db.Drain(ctx, `DELETE FROM mails WHERE id IN (SELECT id FROM mails WHERE created_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`, o.now().UTC().Add(-keepFor), postgres.SweepBatch)
	if err != nil {
		return total, fmt.Errorf("delete old mails: %w", err)
	}
	return total, nil
}
