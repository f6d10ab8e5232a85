package mail

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
)

// Listed is what is known of a mail, without what it says.
type Listed struct {
	ID        uuid.UUID
	Kind      Kind
	To        string
	Account   uuid.UUID
	State     State
	Tries     int
	NextTryAt time.Time
	Problem   string
	CreatedAt time.Time
}

// List returns mails in one of the states, the newest first, at most limit. Fault:
// store_unavailable.
func (o *Outbox) List(ctx context.Context, limit int, states ...State) (all []Listed, err error) {
	err = o.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `
			SELECT id, kind, recipient, coalesce(account, '00000000-0000-0000-0000-000000000000'), state, tries, next_try_at, error, created_at FROM mails
			WHERE state = ANY($1) ORDER BY created_at DESC, id LIMIT $2`, states, limit)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Listed, err error) {
			return l, row.Scan(&l.ID, &l.Kind, &l.To, &l.Account, &l.State, &l.Tries, &l.NextTryAt, &l.Problem, &l.CreatedAt)
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	return all, nil
}

// Waiting counts the mails that are not sent yet. Fault: store_unavailable.
func (o *Outbox) Waiting(ctx context.Context) (n int64, err error) {
	err = o.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		return db.QueryRow(ctx, `SELECT count(*) FROM mails WHERE state IN ('waiting', 'sending')`).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count mails: %w", err)
	}
	return n, nil
}
