package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

// errNotFound says that there is no such account.
var errNotFound = errors.New("no such account")

// Store keeps accounts in Postgres.
type Store struct{ db *postgres.DB }

// NewStore uses the database.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

const columns = `id, email, name, status, password_version, created_at, password_hash`

func (s *Store) byEmail(ctx context.Context, email string) (Account, string, error) {
	return s.one(ctx, `SELECT `+columns+` FROM accounts WHERE lower(email COLLATE "C") = lower($1 COLLATE "C")`, email)
}

func (s *Store) byID(ctx context.Context, id uuid.UUID) (Account, string, error) {
	return s.one(ctx, `SELECT `+columns+` FROM accounts WHERE id = $1`, id)
}

func (s *Store) one(ctx context.Context, query string, argument any) (a Account, phc string, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		return db.QueryRow(ctx, query, argument).Scan(&a.ID, &a.Email, &a.Name, &a.Status, &a.PasswordVersion, &a.CreatedAt, &phc)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Account{}, "", errNotFound
	}
	if err != nil {
		return Account{}, "", fmt.Errorf("read account: %w", err)
	}
	return a, phc, nil
}

// insert adds an account unless the address has one.
func (s *Store) insert(ctx context.Context, id uuid.UUID, email, phc string) error {
	return s.exec(ctx, "insert account", `
		INSERT INTO accounts (id, email, password_hash) VALUES ($1, $2, $3)
		ON CONFLICT (lower(email COLLATE "C")) DO NOTHING`, id, email, phc)
}

// replaceHash writes another hash of the same password, if it is still that.
func (s *Store) replaceHash(ctx context.Context, id uuid.UUID, version int64, phc string) error {
	return s.exec(ctx, "rehash password", `
		UPDATE accounts SET password_hash = $3, updated_at = now()
		WHERE id = $1 AND password_version = $2`, id, version, phc)
}

func (s *Store) exec(ctx context.Context, what, statement string, args ...any) error {
	err := s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		_, err := db.Exec(ctx, statement, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func setName(ctx context.Context, tx pgx.Tx, id uuid.UUID, name string) error {
	_, err := tx.Exec(ctx, `UPDATE accounts SET name = $2, updated_at = now() WHERE id = $1`, id, name)
	return err
}

func setStatus(ctx context.Context, tx pgx.Tx, id uuid.UUID, status Status) error {
	_, err := tx.Exec(ctx, `UPDATE accounts SET status = $2, updated_at = now() WHERE id = $1`, id, status)
	return err
}

// setPassword changes the password, unless another has done so since it was
// confirmed.
func setPassword(ctx context.Context, tx pgx.Tx, confirmed Account, phc string) error {
	tag, err := tx.Exec(ctx, `
		UPDATE accounts SET password_hash = $3, password_version = password_version + 1, updated_at = now()
		WHERE id = $1 AND password_version = $2`, confirmed.ID, confirmed.PasswordVersion, phc)
	if err == nil && tag.RowsAffected() == 0 {
		return wrongPassword()
	}
	return err
}

func remove(ctx context.Context, tx pgx.Tx, confirmed Account) error {
	tag, err := tx.Exec(ctx, `DELETE FROM accounts WHERE id = $1 AND password_version = $2`, confirmed.ID, confirmed.PasswordVersion)
	if err == nil && tag.RowsAffected() == 0 {
		return wrongPassword()
	}
	return err
}

func accountNotFound(err error) error {
	if errors.Is(err, errNotFound) {
		return fault.New(fault.AccountNotFound, "This account does not exist.")
	}
	return err
}
