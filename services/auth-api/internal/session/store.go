package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

// Change is made to an account in the transaction that holds its row.
type Change func(ctx context.Context, tx pgx.Tx) error

// Store keeps sessions in Postgres.
type Store struct{ db *postgres.DB }

// NewStore uses the database.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

type lockMode string

const (
	shared    lockMode = "FOR SHARE"
	exclusive lockMode = "FOR UPDATE"
)

// accountTx is a transaction that holds the row of an account.
type accountTx struct {
	tx      pgx.Tx
	account lockedAccount
}

type lockedAccount struct {
	id              uuid.UUID
	email           string
	name            string
	status          string
	passwordVersion int64
}

// withAccount runs work in a transaction that holds the account's row.
func (s *Store) withAccount(ctx context.Context, id uuid.UUID, mode lockMode, work func(context.Context, accountTx) error) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		a := lockedAccount{id: id}
		err := tx.QueryRow(ctx, `SELECT email, name, status, password_version FROM accounts WHERE id = $1 `+string(mode), id).
			Scan(&a.email, &a.name, &a.status, &a.passwordVersion)
		if errors.Is(err, pgx.ErrNoRows) {
			return fault.New(fault.AccountNotFound, "This account does not exist any more.")
		}
		if err != nil {
			return fmt.Errorf("lock account: %w", err)
		}
		return work(ctx, accountTx{tx: tx, account: a})
	})
}

func (tx accountTx) grants(ctx context.Context) (granted, error) {
	rows, err := tx.tx.Query(ctx, `
		SELECT a.audience, r.scopes
		FROM grants g JOIN roles r ON r.id = g.role_id JOIN apis a ON a.id = r.api_id
		WHERE g.account_id = $1`, tx.account.id)
	if err != nil {
		return nil, fmt.Errorf("read grants: %w", err)
	}
	out := granted{}
	var api string
	var scopes []string
	_, err = pgx.ForEachRow(rows, []any{&api, &scopes}, func() error {
		out[api] = append(out[api], scopes...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read grants: %w", err)
	}
	return out, nil
}

func (tx accountTx) insert(ctx context.Context, t truth) error {
	_, err := tx.tx.Exec(ctx, `
		INSERT INTO sessions (id, account_id, token_hash, scopes, audiences, device, ip, created_at, seen_at, idle_expires_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		t.ID, t.AccountID, t.hash[:], notNil(t.Scopes), notNil(t.Audiences), t.Device, t.IP,
		t.CreatedAt, t.SeenAt, t.IdleExpiresAt, t.ExpiresAt)
	if err != nil {
		return fmt.Errorf("insert session: %w", err)
	}
	return nil
}

// revoke marks the sessions and queues their tokens. Sessions that ran out of
// idle time are ended too: their records may not be trusted to be gone.
func (tx accountTx) revoke(ctx context.Context, r Revocation, now time.Time) (hashes, error) {
	rows, err := tx.tx.Query(ctx, `
		WITH ended AS (
			UPDATE sessions SET revoked_at = $4, revoked_reason = $5
			WHERE account_id = $1 AND revoked_at IS NULL
			  AND ($2 = '00000000-0000-0000-0000-000000000000'::uuid OR id = $2)
			  AND id <> $3
			RETURNING token_hash)
		INSERT INTO token_syncs (token_hash, account_id) SELECT token_hash, $1 FROM ended
		ON CONFLICT (token_hash) DO UPDATE SET queued_at = now()
		RETURNING token_hash`, tx.account.id, r.Only, r.Keep, now, r.Reason)
	if err != nil {
		return nil, fmt.Errorf("mark sessions: %w", err)
	}
	return collectHashes(rows)
}

// queueLive queues the tokens of the account's live sessions.
func (tx accountTx) queueLive(ctx context.Context) (hashes, error) {
	rows, err := tx.tx.Query(ctx, `
		INSERT INTO token_syncs (token_hash, account_id)
		SELECT token_hash, account_id FROM sessions WHERE account_id = $1 AND revoked_at IS NULL
		ON CONFLICT (token_hash) DO UPDATE SET queued_at = now()
		RETURNING token_hash`, tx.account.id)
	if err != nil {
		return nil, fmt.Errorf("queue live tokens: %w", err)
	}
	return collectHashes(rows)
}

const sessionColumns = `s.id, s.account_id, s.device, s.ip, s.scopes, s.audiences, s.created_at, s.seen_at, s.idle_expires_at, s.expires_at`

func (s *Store) live(ctx context.Context, accountID uuid.UUID, now time.Time) ([]Session, error) {
	var sessions []Session
	err := s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `
			SELECT `+sessionColumns+` FROM sessions s
			WHERE s.account_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND s.idle_expires_at > $2
			ORDER BY s.created_at DESC, s.id DESC`, accountID, now)
		if err != nil {
			return err
		}
		sessions, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Session, error) {
			var out Session
			err := row.Scan(out.columns()...)
			return out, err
		})
		return err
	})
	return sessions, err
}

// columns are where sessionColumns are read to.
func (s *Session) columns() []any {
	return []any{&s.ID, &s.AccountID, &s.Device, &s.IP, &s.Scopes, &s.Audiences, &s.CreatedAt, &s.SeenAt, &s.IdleExpiresAt, &s.ExpiresAt}
}

func notNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
