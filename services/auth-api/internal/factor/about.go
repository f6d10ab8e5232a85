package factor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

// Factors are the second factors of an account, without secrets.
type Factors struct {
	// TOTP says that an authenticator app is asked for, Since when.
	TOTP  bool
	Since time.Time
	// Passkeys is how many there are that count as a factor.
	Passkeys int
	// Required says whether a password alone does not sign in.
	Required bool
	// RecoveryCodes is how many are left.
	RecoveryCodes int
}

// Of returns the second factors of an account. Fault: store_unavailable.
func (s *Service) Of(ctx context.Context, id uuid.UUID) (f Factors, err error) {
	var since *time.Time
	err = s.store.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		err := db.QueryRow(ctx, `
			SELECT (SELECT confirmed_at FROM totps WHERE account = $1), (SELECT count(*) FROM passkeys WHERE account = $1 AND proved_at IS NOT NULL),
				(SELECT count(*) FROM recovery_codes WHERE account = $1 AND spent_at IS NULL)`, id).Scan(&since, &f.Passkeys, &f.RecoveryCodes)
		if err != nil {
			return err
		}
		f.Required, err = account.HasSecondFactor(ctx, db, id)
		if fault.CodeOf(err) == fault.AccountNotFound {
			return nil
		}
		return err
	})
	if err != nil {
		return Factors{}, fmt.Errorf("read second factors: %w", err)
	}
	f.TOTP, f.Since = since != nil, orZero(since)
	return f, nil
}

// Stored is what is stored of the second factors of an account, without secrets and hashes.
type Stored struct {
	// TOTP is nil if there is no authenticator app.
	TOTP          *StoredTOTP
	RecoveryCodes []StoredCode
	Challenges    []StoredChallenge
}

// StoredTOTP is an authenticator app. Times are zero for what never was.
type StoredTOTP struct {
	CreatedAt, ConfirmedAt, LastUsedAt, WarnedAt time.Time
	Misses                                       int
}

// StoredCode is a recovery code. SpentAt is zero if it was not used.
type StoredCode struct{ CreatedAt, SpentAt time.Time }

// StoredChallenge is a sign-in with its second step still to come, or just done.
type StoredChallenge struct {
	Scopes             []string
	Device             uuid.UUID
	ExpiresAt, SpentAt time.Time
}

// About returns what is stored of the second factors of an account. Fault: store_unavailable.
func (s *Service) About(ctx context.Context, account uuid.UUID) (found Stored, err error) {
	err = s.store.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var t StoredTOTP
		var confirmed, warned *time.Time
		var step int64
		err := tx.QueryRow(ctx, `SELECT created_at, confirmed_at, last_step, misses, warned_at FROM totps WHERE account = $1`, account).
			Scan(&t.CreatedAt, &confirmed, &step, &t.Misses, &warned)
		switch {
		case err == nil:
			t.ConfirmedAt, t.WarnedAt = orZero(confirmed), orZero(warned)
			if step > 0 {
				t.LastUsedAt = time.Unix(step*int64(Period.Seconds()), 0)
			}
			found.TOTP = &t
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		}
		rows, err := tx.Query(ctx, `SELECT created_at, spent_at FROM recovery_codes WHERE account = $1 ORDER BY spent_at, hash`, account)
		if err != nil {
			return err
		}
		found.RecoveryCodes, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c StoredCode, err error) {
			var spent *time.Time
			err = row.Scan(&c.CreatedAt, &spent)
			c.SpentAt = orZero(spent)
			return c, err
		})
		if err != nil {
			return err
		}
		if rows, err = tx.Query(ctx, `SELECT scopes, device, expires_at, spent_at FROM sign_in_challenges WHERE account = $1 ORDER BY expires_at DESC, hash`, account); err != nil {
			return err
		}
		found.Challenges, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c StoredChallenge, err error) {
			var device uuid.NullUUID
			var spent *time.Time
			err = row.Scan(&c.Scopes, &device, &c.ExpiresAt, &spent)
			c.Device, c.SpentAt = device.UUID, orZero(spent)
			return c, err
		})
		return err
	})
	if err != nil {
		return Stored{}, fmt.Errorf("read what is stored of second factors: %w", err)
	}
	return found, nil
}

func orZero(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}
