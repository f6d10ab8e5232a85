package passkey

import (
	"context"
	"fmt"
	"time"

	"auth.books.test/services/auth-api/internal/postgres"
)

// retryAfter is how long Moved waits for Postgres.
const retryAfter = time.Second

// Moved returns an error if there are passkeys that were made for another domain: nobody could
// sign in with them any more. It waits for Postgres until ctx ends.
func (s *Service) Moved(ctx context.Context) error {
	for {
		var others int64
		var other string
		err := s.DB.One(ctx, func(ctx context.Context, db postgres.Querier) error {
			return db.QueryRow(ctx, `SELECT count(*), COALESCE(min(rp_id), '') FROM passkeys WHERE rp_id <> $1`, s.Party.ID).Scan(&others, &other)
		})
		if err == nil && others == 0 {
			return nil
		}
		if err == nil {
			return fmt.Errorf("AUTH_API_PASSKEY_RP_ID: there are %d passkeys for %s, and none of them works for %q: set it to %s again, or remove them first (auth-api account remove-factors)", others, other, s.Party.ID, other)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retryAfter):
		}
	}
}
