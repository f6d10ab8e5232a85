package client

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/postgres"
)

// use notes that an assertion was used, and returns false if it was used before, at whichever
// replica.
func (s *Store) use(ctx context.Context, client uuid.UUID, p proven) (first bool, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		tag, err := db.Exec(ctx, `INSERT INTO client_assertions (client_id, hash, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, client, p.id[:], p.expires)
		first = tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("note the use of an assertion: %w", err)
	}
	return first, nil
}

// dropAssertions deletes the rows of assertions that expired before.
func (s *Store) dropAssertions(ctx context.Context, before time.Time) (n int64, err error) {
	return s.db.Drain(ctx, `
		DELETE FROM client_assertions WHERE (client_id, hash) IN (
			SELECT client_id, hash FROM client_assertions WHERE expires_at < $1 LIMIT $2)`, before, postgres.SweepBatch)
}
