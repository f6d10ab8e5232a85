package factor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/postgres"
)

// Store stores factors in Postgres.
type Store struct{ db *postgres.DB }

// NewStore uses the database.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// Forget deletes all second factors of an account, and turns the second step off.
func (s *Store) Forget(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	if err := account.SetSecondFactor(ctx, tx, id, false); err != nil {
		return fmt.Errorf("forget a second factor: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM totps WHERE account = $1`, id); err != nil {
		return fmt.Errorf("forget a second factor: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM passkeys WHERE account = $1`, id); err != nil {
		return fmt.Errorf("forget passkeys: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM recovery_codes WHERE account = $1`, id); err != nil {
		return fmt.Errorf("forget recovery codes: %w", err)
	}
	return forgetChallenges(ctx, tx, id)
}

// ForgetSince is Forget for the factors that were made at that time or later. With the last
// one the second step is off.
func (s *Store) ForgetSince(ctx context.Context, tx pgx.Tx, id uuid.UUID, at time.Time) error {
	if err := deleteSince(ctx, tx, id, at); err != nil {
		return err
	}
	_, err := s.settle(ctx, tx, id)
	return err
}

// deleteSince deletes the factors that were made at that time or later, and nothing else.
func deleteSince(ctx context.Context, tx pgx.Tx, id uuid.UUID, at time.Time) error {
	if _, err := tx.Exec(ctx, `DELETE FROM totps WHERE account = $1 AND created_at >= $2`, id, at); err != nil {
		return fmt.Errorf("forget a second factor: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM passkeys WHERE account = $1 AND created_at >= $2`, id, at); err != nil {
		return fmt.Errorf("forget passkeys: %w", err)
	}
	return nil
}

// settle turns the second step off if no factor is left, and says so. It counts what is there,
// under the lock of the account, so that of two removals at once one finds the other done.
func (s *Store) settle(ctx context.Context, tx pgx.Tx, id uuid.UUID) (off bool, err error) {
	var any bool
	err = tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM totps WHERE account = $1 AND confirmed_at IS NOT NULL) OR EXISTS (SELECT FROM passkeys WHERE account = $1 AND proved_at IS NOT NULL)`, id).Scan(&any)
	if err != nil {
		return false, fmt.Errorf("count second factors: %w", err)
	}
	if any {
		return false, nil
	}
	return true, s.Forget(ctx, tx, id)
}

// ForgetSilent deletes the passkeys of an account whose sign-ins have no second step: browsers
// have made them after a sign-in with a password, and they go when that changes.
func (s *Store) ForgetSilent(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	on, err := account.HasSecondFactor(ctx, tx, id)
	if err != nil || on {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM passkeys WHERE account = $1`, id); err != nil {
		return fmt.Errorf("forget passkeys: %w", err)
	}
	return nil
}

// forgetUnproved deletes passkeys that were never used.
func (s *Store) forgetUnproved(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM passkeys WHERE account = $1 AND proved_at IS NULL`, id); err != nil {
		return fmt.Errorf("forget passkeys: %w", err)
	}
	return nil
}

func deleteTOTP(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM totps WHERE account = $1`, account); err != nil {
		return fmt.Errorf("forget an authenticator app: %w", err)
	}
	return nil
}

// storedTOTP is a row of totps.
type storedTOTP struct {
	sealed
	confirmedAt *time.Time
	lastStep    int64
	misses      int
	warnedAt    *time.Time
	createdAt   time.Time
}

func (t storedTOTP) confirmed() bool { return t.confirmedAt != nil }

// lockTOTP reads the row of an account and locks it.
func lockTOTP(ctx context.Context, tx pgx.Tx, account uuid.UUID) (t storedTOTP, found bool, err error) {
	err = tx.QueryRow(ctx, `
		SELECT key_id, secret, confirmed_at, last_step, misses, warned_at, created_at FROM totps WHERE account = $1 FOR UPDATE`, account).
		Scan(&t.key, &t.text, &t.confirmedAt, &t.lastStep, &t.misses, &t.warnedAt, &t.createdAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, false, nil
	}
	if err != nil {
		return t, false, fmt.Errorf("read a second factor: %w", err)
	}
	return t, true, nil
}

// insertTOTP stores a secret that is not confirmed yet, instead of one that never was. It
// returns false if the account has one that is.
func insertTOTP(ctx context.Context, tx pgx.Tx, account uuid.UUID, of sealed, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO totps (account, key_id, secret, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account) DO UPDATE SET key_id = $2, secret = $3, created_at = $4, last_step = 0, misses = 0, warned_at = NULL
		WHERE totps.confirmed_at IS NULL`, account, of.key, of.text, now)
	if err != nil {
		return false, fmt.Errorf("store a second factor: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func confirmTOTP(ctx context.Context, tx pgx.Tx, account uuid.UUID, step int64, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE totps SET confirmed_at = $3, last_step = $2 WHERE account = $1`, account, step, now); err != nil {
		return fmt.Errorf("confirm a second factor: %w", err)
	}
	return nil
}

// useStep takes a step, unless it or a later one was taken: of two at once, one wins. It ends
// the misses in a row, and stores the secret as it is encrypted now.
func useStep(ctx context.Context, tx pgx.Tx, account uuid.UUID, step int64, of sealed) (bool, error) {
	tag, err := tx.Exec(ctx, `
		UPDATE totps SET last_step = $2, misses = 0, key_id = $3, secret = $4
		WHERE account = $1 AND confirmed_at IS NOT NULL AND last_step < $2`, account, step, of.key, of.text)
	if err != nil {
		return false, fmt.Errorf("take a code: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// noteMiss counts a wrong code. warn says that the owner is told now.
func noteMiss(ctx context.Context, tx pgx.Tx, account uuid.UUID, warn bool, now time.Time) error {
	_, err := tx.Exec(ctx, `
		UPDATE totps SET misses = LEAST(misses + 1, 1000000), warned_at = CASE WHEN $2 THEN $3 ELSE warned_at END WHERE account = $1`, account, warn, now)
	if err != nil {
		return fmt.Errorf("count a wrong code: %w", err)
	}
	return nil
}

// ClearMisses forgets the wrong codes of an account.
func (s *Store) ClearMisses(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	if _, err := tx.Exec(ctx, `UPDATE totps SET misses = 0 WHERE account = $1`, account); err != nil {
		return fmt.Errorf("forget wrong codes: %w", err)
	}
	return nil
}

// insertRecoveryCodes stores the hashes of new codes instead of the old ones.
func insertRecoveryCodes(ctx context.Context, tx pgx.Tx, account uuid.UUID, hashes [][]byte, now time.Time) error {
	if _, err := tx.Exec(ctx, `DELETE FROM recovery_codes WHERE account = $1`, account); err != nil {
		return fmt.Errorf("void recovery codes: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO recovery_codes (account, hash, created_at) SELECT $1, unnest($2::bytea[]), $3`, account, hashes, now); err != nil {
		return fmt.Errorf("store recovery codes: %w", err)
	}
	return nil
}

func hasRecoveryCode(ctx context.Context, tx pgx.Tx, account uuid.UUID, hash []byte) (has bool, err error) {
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM recovery_codes WHERE account = $1 AND hash = $2 AND spent_at IS NULL)`, account, hash).Scan(&has)
	if err != nil {
		return false, fmt.Errorf("look for a recovery code: %w", err)
	}
	return has, nil
}

// useRecoveryCode spends a recovery code, unless it was spent: of two at once, one wins.
func useRecoveryCode(ctx context.Context, tx pgx.Tx, account uuid.UUID, hash []byte, now time.Time) (bool, error) {
	tag, err := tx.Exec(ctx, `UPDATE recovery_codes SET spent_at = $3 WHERE account = $1 AND hash = $2 AND spent_at IS NULL`, account, hash, now)
	if err != nil {
		return false, fmt.Errorf("spend a recovery code: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}
