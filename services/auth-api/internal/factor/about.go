package factor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
)

// Factors are the second factors of an account, without secrets.
type Factors struct {
	// TOTP says that an authenticator app is asked for, Since when.
	TOTP  bool
	Since time.Time
	// RecoveryCodes is how many are left.
	RecoveryCodes int
}

// Of returns the second factors of an account. Fault: store_unavailable.
func (s *Service) Of(ctx context.Context, account uuid.UUID) (f Factors, err error) {
	err = s.store.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		return db.QueryRow(ctx, `
			SELECT confirmed_at, (SELECT count(*) FROM recovery_codes WHERE account = $1 AND spent_at IS NULL)
			FROM totps WHERE account = $1 AND confirmed_at IS NOT NULL`, account).Scan(&f.Since, &f.RecoveryCodes)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Factors{}, nil
	}
	if err != nil {
		return Factors{}, fmt.Errorf("read second factors: %w", err)
	}
	f.TOTP = true
	return f, nil
}
