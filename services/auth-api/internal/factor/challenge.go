package factor

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

const (
	// ChallengeLifetime is how long somebody has for the second step.
	ChallengeLifetime = 5 * time.Minute
	// maxChallenges bounds the open challenges of an account: the oldest go.
	maxChallenges = 100
	handleSize    = 32
)

// Challenge is a sign-in whose password was right, and which waits for its second step.
type Challenge struct {
	Account uuid.UUID
	// PasswordVersion is that of the password that was right.
	PasswordVersion int64
	// Device is the device, if it is known to the account; uuid.Nil for a stranger.
	Device uuid.UUID
	// Scopes are those that the sign-in asked for.
	Scopes []string
	hash   []byte
}

// Challenge stores a sign-in that waits for its second step, and returns the handle, which is
// stored nowhere. Fault: store_unavailable.
func (s *Service) Challenge(ctx context.Context, c Challenge) (handle string, err error) {
	raw := make([]byte, handleSize)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return "", fmt.Errorf("make a challenge: %w", err)
	}
	handle = base64.RawURLEncoding.EncodeToString(raw)
	scopes := c.Scopes
	if scopes == nil {
		scopes = []string{}
	}
	err = s.store.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		// First the row that locks the account, as its deletion does.
		if _, err := tx.Exec(ctx, `
			INSERT INTO sign_in_challenges (hash, account, password_version, device, scopes, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			handleHash(handle), c.Account, c.PasswordVersion, uuid.NullUUID{UUID: c.Device, Valid: c.Device != uuid.Nil}, scopes, s.now().Add(ChallengeLifetime)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			DELETE FROM sign_in_challenges WHERE hash IN (
				SELECT hash FROM sign_in_challenges WHERE account = $1 ORDER BY expires_at DESC, hash OFFSET $2 FOR UPDATE SKIP LOCKED)`, c.Account, maxChallenges)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make a challenge: %w", err)
	}
	return handle, nil
}

// handleHash needs no key: a handle has 256 random bits.
func handleHash(handle string) []byte {
	sum := sha256.Sum256([]byte(handle))
	return sum[:]
}

// Challenged returns the open challenge of a handle. Faults: request_expired (it is too old,
// was spent, or never was), store_unavailable.
func (s *Service) Challenged(ctx context.Context, handle string) (c Challenge, err error) {
	c.hash = handleHash(handle)
	var device uuid.NullUUID
	var open bool
	err = s.store.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		return db.QueryRow(ctx, `
			SELECT account, password_version, device, scopes, spent_at IS NULL AND expires_at > $2 FROM sign_in_challenges WHERE hash = $1`, c.hash, s.now()).
			Scan(&c.Account, &c.PasswordVersion, &device, &c.Scopes, &open)
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows) || err == nil && !open:
		return Challenge{}, Expired()
	case err != nil:
		return Challenge{}, fmt.Errorf("read a challenge: %w", err)
	}
	c.Device = device.UUID
	return c, nil
}

// Expired is the fault of a challenge that is void, for whatever reason.
func Expired() error {
	return fault.New(fault.RequestExpired, "This sign-in is over: it took more than five minutes, or was finished or given up. Begin again with the password.")
}

// SpendChallenge spends a challenge in the transaction of the sign-in: of two at once, one wins.
// Faults: request_expired (it was spent), store_unavailable.
func (s *Service) SpendChallenge(ctx context.Context, tx pgx.Tx, c Challenge) error {
	tag, err := tx.Exec(ctx, `UPDATE sign_in_challenges SET spent_at = $2 WHERE hash = $1 AND spent_at IS NULL AND expires_at > $2`, c.hash, s.now())
	if err != nil {
		return fmt.Errorf("spend a challenge: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return Expired()
	}
	return nil
}

// forgetChallenges voids the open challenges of an account.
func forgetChallenges(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM sign_in_challenges WHERE account = $1`, account); err != nil {
		return fmt.Errorf("void challenges: %w", err)
	}
	return nil
}
