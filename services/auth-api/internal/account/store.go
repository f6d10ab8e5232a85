package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/code"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/verify"
)

// errNotFound means that there is no such account.
var errNotFound = errors.New("no such account")

// Store stores accounts in Postgres.
type Store struct{ db *postgres.DB }

// NewStore uses the database.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

const columns = `id, email, email_verified_at IS NOT NULL, name, status, password_version, second_factor, created_at, misses, password_hash`

func (s *Store) byEmail(ctx context.Context, email string) (Account, string, error) {
	return s.one(ctx, `SELECT `+columns+` FROM accounts WHERE lower(email COLLATE "C") = lower($1 COLLATE "C")`, email)
}

func (s *Store) byID(ctx context.Context, id uuid.UUID) (Account, string, error) {
	return s.one(ctx, `SELECT `+columns+` FROM accounts WHERE id = $1`, id)
}

func (s *Store) one(ctx context.Context, query string, argument any) (a Account, phc string, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		return db.QueryRow(ctx, query, argument).Scan(&a.ID, &a.Email, &a.EmailVerified, &a.Name, &a.Status, &a.PasswordVersion, &a.SecondFactor, &a.CreatedAt, &a.misses, &phc)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Account{}, "", errNotFound
	}
	if err != nil {
		return Account{}, "", fmt.Errorf("read account: %w", err)
	}
	return a, phc, nil
}

// create adds an account. Fault: already_exists.
func (s *Store) create(ctx context.Context, codes *code.Codes, id uuid.UUID, email, phc string, verified bool, record func(context.Context, pgx.Tx) error) error {
	err := s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := createIn(ctx, tx, codes, id, email, phc, verified); err != nil {
			return err
		}
		return record(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("insert account: %w", err)
	}
	return nil
}

// createIn is create in a transaction. An address that may be set again by an undo is taken.
func createIn(ctx context.Context, tx pgx.Tx, codes *code.Codes, id uuid.UUID, email, phc string, verified bool) error {
	tag, err := tx.Exec(ctx, `
		INSERT INTO accounts (id, email, password_hash, email_verified_at) VALUES ($1, $2, $3, CASE WHEN $4::boolean THEN now() END)
		ON CONFLICT (lower(email COLLATE "C")) DO NOTHING`, id, email, phc, verified)
	switch {
	case err != nil:
		return err
	case tag.RowsAffected() == 0:
		return exists()
	}
	return notReserved(ctx, tx, codes, email, id)
}

// notReserved refuses an address that was taken just now, but may be set again by an undo of
// another account. Fault: already_exists.
func notReserved(ctx context.Context, tx pgx.Tx, codes *code.Codes, email string, id uuid.UUID) error {
	reserved, err := codes.Reserved(ctx, tx, email, id)
	if err == nil && reserved {
		return exists()
	}
	return err
}

func exists() error {
	return fault.New(fault.AlreadyExists, "There is already an account with this address.")
}

// setVerified marks the address as verified, and keeps the time of an earlier proof.
func setVerified(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	return update(ctx, tx, `UPDATE accounts SET email_verified_at = coalesce(email_verified_at, now()), updated_at = now() WHERE id = $1`, id)
}

// replaceHash stores another hash of the same password, unless the password was changed.
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

// addMisses adds wrong passwords to those in a row. Rows are locked in the order of their
// ids, since other replicas add theirs at the same time.
func (s *Store) addMisses(ctx context.Context, ids []uuid.UUID, counts []int32) error {
	return s.exec(ctx, "count wrong passwords", `
		WITH missed AS (SELECT * FROM unnest($1::uuid[], $2::int[]) AS m (id, count)),
			locked AS (SELECT id FROM accounts WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE)
		UPDATE accounts a SET misses = LEAST(a.misses + m.count, 1000000) FROM missed m JOIN locked USING (id) WHERE a.id = m.id`, ids, counts)
}

func clearMisses(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	return update(ctx, tx, `UPDATE accounts SET misses = 0 WHERE id = $1`, id)
}

// setAddress gives the account an address that was proved. The account is locked. Fault:
// already_exists.
func setAddress(ctx context.Context, tx pgx.Tx, id uuid.UUID, email string) error {
	tag, err := tx.Exec(ctx, `
		UPDATE accounts SET email = $2, email_verified_at = now(), updated_at = now()
		WHERE id = $1 AND NOT EXISTS (SELECT FROM accounts o WHERE o.id <> $1 AND lower(o.email COLLATE "C") = lower($2 COLLATE "C"))`, id, email)
	if err == nil && tag.RowsAffected() == 0 {
		return exists()
	}
	return err
}

// addressOf locks an account, and returns its address, whether that is verified, and the
// status. Fault: account_not_found.
func addressOf(ctx context.Context, tx pgx.Tx, id uuid.UUID) (a Account, err error) {
	a.ID = id
	err = tx.QueryRow(ctx, `SELECT email, email_verified_at IS NOT NULL, status FROM accounts WHERE id = $1 FOR UPDATE`, id).Scan(&a.Email, &a.EmailVerified, &a.Status)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, accountNotFound(errNotFound)
	}
	return a, err
}

func setName(ctx context.Context, tx pgx.Tx, id uuid.UUID, name string) error {
	return update(ctx, tx, `UPDATE accounts SET name = $2, updated_at = now() WHERE id = $1`, id, name)
}

func setStatus(ctx context.Context, tx pgx.Tx, id uuid.UUID, status Status) error {
	return update(ctx, tx, `UPDATE accounts SET status = $2, updated_at = now() WHERE id = $1`, id, status)
}

// update changes the account. Fault: account_not_found.
func update(ctx context.Context, tx pgx.Tx, statement string, args ...any) error {
	tag, err := tx.Exec(ctx, statement, args...)
	if err == nil && tag.RowsAffected() == 0 {
		return accountNotFound(errNotFound)
	}
	return err
}

// guard is what a sign-in depends on.
type guard struct {
	status          Status
	passwordVersion int64
	secondFactor    bool
}

// readGuard reads what a sign-in depends on.
func readGuard(ctx context.Context, db postgres.Querier, id uuid.UUID) (g guard, err error) {
	err = db.QueryRow(ctx, `SELECT status, password_version, second_factor FROM accounts WHERE id = $1`, id).Scan(&g.status, &g.passwordVersion, &g.secondFactor)
	if errors.Is(err, pgx.ErrNoRows) {
		return guard{}, errNotFound
	}
	if err != nil {
		return guard{}, fmt.Errorf("read account: %w", err)
	}
	return g, nil
}

// HasSecondFactor says whether sign-ins need a second step. Fault:
// account_not_found.
func HasSecondFactor(ctx context.Context, db postgres.Querier, id uuid.UUID) (bool, error) {
	g, err := readGuard(ctx, db, id)
	if err != nil {
		return false, accountNotFound(err)
	}
	return g.secondFactor, nil
}

// SetSecondFactor says in the transaction whether sign-ins need a second step. Fault:
// account_not_found.
func SetSecondFactor(ctx context.Context, tx pgx.Tx, id uuid.UUID, needed bool) error {
	return update(ctx, tx, `UPDATE accounts SET second_factor = $2, updated_at = now() WHERE id = $1`, id, needed)
}

// People returns address and name of those of the accounts that exist, for the records of
// their tokens.
func (s *Store) People(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]verify.Account, error) {
	people := make(map[uuid.UUID]verify.Account, len(ids))
	if len(ids) == 0 {
		return people, nil
	}
	rows, err := tx.Query(ctx, `SELECT id, email, email_verified_at IS NOT NULL, name FROM accounts WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	var id uuid.UUID
	var a verify.Account
	_, err = pgx.ForEachRow(rows, []any{&id, &a.Email, &a.EmailVerified, &a.Name}, func() error {
		people[id] = a
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	return people, nil
}

// setPassword changes the password, unless it was changed since it was confirmed.
func setPassword(ctx context.Context, tx pgx.Tx, confirmed Account, phc string) error {
	tag, err := tx.Exec(ctx, `
		UPDATE accounts SET password_hash = $3, password_version = password_version + 1, updated_at = now()
		WHERE id = $1 AND password_version = $2`, confirmed.ID, confirmed.PasswordVersion, phc)
	if err == nil && tag.RowsAffected() == 0 {
		return noLongerConfirmed(ctx, tx, confirmed.ID)
	}
	return err
}

// setForgotten sets a new password for somebody who has proved the address: that is verified
// from now on, and guesses of before count no more. first says that nobody has proved it
// before; then the name, which somebody else may have chosen, is cleared as well. Faults:
// account_disabled, invalid_code (the account has another address, or is gone).
func setForgotten(ctx context.Context, tx pgx.Tx, o code.Owner, phc string) (first bool, err error) {
	var status Status
	err = tx.QueryRow(ctx, `SELECT status, email_verified_at IS NULL FROM accounts WHERE id = $1 AND lower(email COLLATE "C") = lower($2 COLLATE "C") FOR UPDATE`, o.Account, o.Address).Scan(&status, &first)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, code.Invalid()
	case err != nil:
		return false, err
	case status != Active:
		return false, disabled()
	}
	return first, update(ctx, tx, `
		UPDATE accounts SET password_hash = $2, password_version = password_version + 1, misses = 0, name = CASE WHEN $3 THEN '' ELSE name END,
			email_verified_at = coalesce(email_verified_at, now()), updated_at = now()
		WHERE id = $1`, o.Account, phc, first)
}

// byEmailIn is Store.byEmail in a transaction.
func byEmailIn(ctx context.Context, tx pgx.Tx, email string) (id uuid.UUID, stored string, status Status, err error) {
	err = tx.QueryRow(ctx, `SELECT id, email, status FROM accounts WHERE lower(email COLLATE "C") = lower($1 COLLATE "C")`, email).Scan(&id, &stored, &status)
	if errors.Is(err, pgx.ErrNoRows) {
		err = errNotFound
	}
	return id, stored, status, err
}

func remove(ctx context.Context, tx pgx.Tx, confirmed Account) error {
	tag, err := tx.Exec(ctx, `DELETE FROM accounts WHERE id = $1 AND password_version = $2`, confirmed.ID, confirmed.PasswordVersion)
	if err == nil && tag.RowsAffected() == 0 {
		return noLongerConfirmed(ctx, tx, confirmed.ID)
	}
	return err
}

// noLongerConfirmed is the fault for a confirmed account that has changed since: it was
// deleted, or its password was changed.
func noLongerConfirmed(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	if _, err := readGuard(ctx, tx, id); err != nil {
		return accountNotFound(err)
	}
	return wrongPassword()
}

func accountNotFound(err error) error {
	if errors.Is(err, errNotFound) {
		return fault.New(fault.AccountNotFound, "This account does not exist.")
	}
	return err
}

// Find returns the account with an address, and whether the address is verified. Faults:
// account_not_found, store_unavailable.
func (s *Store) Find(ctx context.Context, email string) (id uuid.UUID, verified bool, err error) {
	a, _, err := s.byEmail(ctx, email)
	if errors.Is(err, errNotFound) {
		return uuid.Nil, false, fault.New(fault.AccountNotFound, "There is no account with this address.")
	}
	return a.ID, a.EmailVerified, err
}

// Check fails unless there is an account with this id. Faults: account_not_found,
// store_unavailable.
func (s *Store) Check(ctx context.Context, id uuid.UUID) error {
	_, _, err := s.byID(ctx, id)
	if errors.Is(err, errNotFound) {
		return fault.New(fault.AccountNotFound, "There is no account with this id.")
	}
	return err
}
