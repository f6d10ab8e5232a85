package api

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
)

// Offers knows what all APIs offer.
type Offers struct{ db *postgres.DB }

// NewOffers makes Offers.
func NewOffers(db *postgres.DB) Offers { return Offers{db} }

// Scopes are those that a token can have besides auth-api's own, sorted. Faults:
// store_unavailable.
func (o Offers) Scopes(ctx context.Context) (scopes []string, err error) {
	err = o.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `SELECT DISTINCT unnest(scopes) AS scope FROM apis ORDER BY scope`)
		if err != nil {
			return err
		}
		scopes, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list scopes: %w", err)
	}
	return scopes, nil
}
