package mail

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
)

// Stored is all that is stored of a mail.
type Stored struct {
	Mail
	State   State
	Tries   int
	Problem string
	// HandedOverAt is zero if no server has accepted it.
	HandedOverAt, CreatedAt time.Time
}

// About lists the mails to a person, the newest first: those about the account, and those to
// its address whose account is found only when they are sent. Fault: store_unavailable.
func (o *Outbox) About(ctx context.Context, account uuid.UUID, address string) (all []Stored, err error) {
	err = o.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `
			SELECT id, kind, recipient, language, data, state, tries, error, handed_over_at, created_at FROM mails
			WHERE account = $1 OR account IS NULL AND lower(recipient COLLATE "C") = lower($2 COLLATE "C") ORDER BY created_at DESC, id`, account, address)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Stored, err error) {
			var handed *time.Time
			err = row.Scan(&m.ID, &m.Kind, &m.To, &m.Language, &m.Data, &m.State, &m.Tries, &m.Problem, &handed, &m.CreatedAt)
			if handed != nil {
				m.HandedOverAt = *handed
			}
			return m, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the mails to a person: %w", err)
	}
	return all, nil
}
