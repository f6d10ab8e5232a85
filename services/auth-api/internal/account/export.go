package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
)

// Exported is all that is stored of an account, except the hash of the password.
type Exported struct {
	Account
	// VerifiedAt and FirstSignInAt are zero if they never were.
	VerifiedAt, FirstSignInAt time.Time
	UpdatedAt                 time.Time
	// Misses are the wrong passwords since the last right one.
	Misses int
}

// Export records that everything about the person is exported, and returns the account.
// Faults: account_not_found, store_unavailable.
func (s *Service) Export(ctx context.Context, id uuid.UUID) (e Exported, err error) {
	err = s.store.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if e, err = exported(ctx, tx, id); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, audit.Event{Verb: audit.ExportAccount, Subject: audit.AccountOf(id)})
	})
	if errors.Is(err, errNotFound) {
		return Exported{}, accountNotFound(err)
	}
	if err != nil {
		return Exported{}, fmt.Errorf("export account: %w", err)
	}
	return e, nil
}

// exported reads the row, and locks it against deletion until the event is recorded.
func exported(ctx context.Context, tx pgx.Tx, id uuid.UUID) (e Exported, err error) {
	var verified, first *time.Time
	err = tx.QueryRow(ctx, `
		SELECT id, email, email_verified_at, name, status, password_version, second_factor, created_at, updated_at, first_sign_in_at, misses
		FROM accounts WHERE id = $1 FOR KEY SHARE`, id).Scan(&e.ID, &e.Email, &verified, &e.Name, &e.Status, &e.PasswordVersion, &e.SecondFactor, &e.CreatedAt, &e.UpdatedAt, &first, &e.Misses)
	if errors.Is(err, pgx.ErrNoRows) {
		return Exported{}, errNotFound
	}
	if verified != nil {
		e.EmailVerified, e.VerifiedAt = true, *verified
	}
	if first != nil {
		e.FirstSignInAt = *first
	}
	return e, err
}
