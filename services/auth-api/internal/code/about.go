package code

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
)

// Requested is what is stored of a request for a code, without the code's hash.
type Requested struct {
	Purpose Purpose
	Misses  int
	// ExpiresAt is zero if the code was not mailed yet, SpentAt if it was neither used nor
	// became void.
	CreatedAt, ExpiresAt, SpentAt time.Time
}

// About lists the requests for codes of an account, and those for its address whose account
// is not known yet, the newest first. Fault: store_unavailable.
func (c *Codes) About(ctx context.Context, account uuid.UUID, address string) (all []Requested, err error) {
	err = c.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `
			SELECT purpose, misses, created_at, expires_at, spent_at FROM codes
			WHERE account = $1 OR account IS NULL AND lower(address COLLATE "C") = lower($2 COLLATE "C") ORDER BY created_at DESC, id`, account, address)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Requested, err error) {
			var expires, spent *time.Time
			if err = row.Scan(&r.Purpose, &r.Misses, &r.CreatedAt, &expires, &spent); err != nil {
				return r, err
			}
			if expires != nil {
				r.ExpiresAt = *expires
			}
			if spent != nil {
				r.SpentAt = *spent
			}
			return r, nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the requests for codes of a person: %w", err)
	}
	return all, nil
}
