package passkey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
)

// row is a row of passkeys.
type row struct {
	id, account                       uuid.UUID
	handle                            []byte
	party, name                       string
	credential                        webauthn.Credential
	createdAt                         time.Time
	provedAt, lastUsedAt, suspectedAt *time.Time
}

const columns = `id, account, handle, rp_id, name, credential, created_at, proved_at, last_used_at, suspected_at`

func scan(from pgx.CollectableRow) (r row, err error) {
	var text []byte
	if err := from.Scan(&r.id, &r.account, &r.handle, &r.party, &r.name, &text, &r.createdAt, &r.provedAt, &r.lastUsedAt, &r.suspectedAt); err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r.credential); err != nil {
		return r, fmt.Errorf("read passkey %s: %w", r.id, err)
	}
	return r, nil
}

// of returns the passkeys of an account, the oldest first.
func of(ctx context.Context, db postgres.Querier, account uuid.UUID) ([]row, error) {
	rows, err := db.Query(ctx, `SELECT `+columns+` FROM passkeys WHERE account = $1 ORDER BY created_at, id`, account)
	if err != nil {
		return nil, fmt.Errorf("read passkeys: %w", err)
	}
	found, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("read passkeys: %w", err)
	}
	return found, nil
}

// withCredential returns the passkey that has the id.
func withCredential(ctx context.Context, db postgres.Querier, id []byte) (r row, found bool, err error) {
	return one(ctx, db, `SELECT `+columns+` FROM passkeys WHERE credential_id = $1`, id)
}

// lock reads a passkey and locks its row.
func lock(ctx context.Context, tx pgx.Tx, id uuid.UUID) (r row, found bool, err error) {
	return one(ctx, tx, `SELECT `+columns+` FROM passkeys WHERE id = $1 FOR UPDATE`, id)
}

func one(ctx context.Context, db postgres.Querier, query string, args ...any) (r row, found bool, err error) {
	rows, err := db.Query(ctx, query, args...)
	if err == nil {
		r, err = pgx.CollectExactlyOneRow(rows, scan)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return row{}, false, nil
	}
	if err != nil {
		return row{}, false, fmt.Errorf("read a passkey: %w", err)
	}
	return r, true, nil
}

// insert returns false if somebody has a passkey of that id.
func insert(ctx context.Context, tx pgx.Tx, r row) (bool, error) {
	text, err := json.Marshal(r.credential)
	if err != nil {
		return false, fmt.Errorf("store a passkey: %w", err)
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO passkeys (id, account, credential_id, handle, rp_id, name, credential, created_at, proved_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (credential_id) DO NOTHING`, r.id, r.account, r.credential.ID, r.handle, r.party, r.name, text, r.createdAt, r.provedAt)
	if err != nil {
		return false, fmt.Errorf("store a passkey: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// noteUse stores the record as it is after a use, whose device has checked who holds it.
func noteUse(ctx context.Context, tx pgx.Tx, id uuid.UUID, credential webauthn.Credential, now time.Time) error {
	text, err := json.Marshal(credential)
	if err == nil {
		_, err = tx.Exec(ctx, `UPDATE passkeys SET credential = $2, last_used_at = $3, proved_at = COALESCE(proved_at, $3) WHERE id = $1`, id, text, now)
	}
	if err != nil {
		return fmt.Errorf("note the use of a passkey: %w", err)
	}
	return nil
}

func noteSuspicion(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE passkeys SET suspected_at = $2 WHERE id = $1`, id, now); err != nil {
		return fmt.Errorf("note that a passkey may be a copy: %w", err)
	}
	return nil
}
