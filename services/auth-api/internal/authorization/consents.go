package authorization

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
)

// Consented is what a person has let a client in for.
type Consented struct {
	Client uuid.UUID
	Scopes []string
	// Since is when the person was first asked.
	Since time.Time
	// WithdrawnAt is zero while it counts.
	WithdrawnAt time.Time
}

// Consents lists all clients that a person has ever let in, also those that were ended, the
// newest first. Fault: store_unavailable.
func (s *Service) Consents(ctx context.Context, account uuid.UUID) (listed []Consented, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `SELECT client_id, scopes, created_at, withdrawn_at FROM consents WHERE subject_id = $1 ORDER BY created_at DESC, client_id`, account)
		if err != nil {
			return err
		}
		listed, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Consented, err error) {
			var withdrawn *time.Time
			err = row.Scan(&c.Client, &c.Scopes, &c.Since, &withdrawn)
			c.WithdrawnAt = orZero(withdrawn)
			return c, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the consents of a person: %w", err)
	}
	return listed, nil
}
