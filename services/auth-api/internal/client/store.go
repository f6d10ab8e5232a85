package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

// Store stores clients in Postgres.
type Store struct{ db *postgres.DB }

// NewStore uses the database.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// state is what Postgres knows of a client that introspects.
type state struct {
	record   Record
	disabled bool
}

const stateColumns = `a.audience, a.scopes, c.secret_hashes, c.disabled_at IS NOT NULL FROM clients c JOIN apis a ON a.id = c.api_id`

func (s *state) scan(row pgx.Row, first ...any) (err error) {
	var hashes [][]byte
	if err := row.Scan(append(first, &s.record.Audience, &s.record.Scopes, &hashes, &s.disabled)...); err != nil {
		return err
	}
	s.record.secrets, err = secretHashes(hashes)
	return err
}

func secretHashes(columns [][]byte) (hashes []secretHash, err error) {
	for _, h := range columns {
		if len(h) != len(secretHash{}) {
			return nil, errors.New("a secret's hash does not have the length of SHA-256")
		}
		hashes = append(hashes, secretHash(h))
	}
	return hashes, nil
}

// withLock runs work while the client's row is locked, if the client introspects: others have
// no record. The state is read in a second statement: one that locks and reads would see the
// API as it was before the wait for the lock.
func (s *Store) withLock(ctx context.Context, id uuid.UUID, work func(context.Context, state) error) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM clients WHERE id = $1 FOR UPDATE`, id); err != nil {
			return fmt.Errorf("lock client: %w", err)
		}
		var current state
		err := current.scan(tx.QueryRow(ctx, `SELECT `+stateColumns+` WHERE c.id = $1`, id))
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read client: %w", err)
		}
		return work(ctx, current)
	})
}

// states are those of all clients that introspect.
func (s *Store) states(ctx context.Context) (map[uuid.UUID]state, error) {
	all := map[uuid.UUID]state{}
	err := s.each(ctx, `SELECT c.id, `+stateColumns, func(row pgx.CollectableRow) error {
		var id uuid.UUID
		var current state
		err := current.scan(row, &id)
		all[id] = current
		return err
	})
	return all, err
}

func (s *Store) ofAPI(ctx context.Context, audience string) (ids []uuid.UUID, err error) {
	err = s.each(ctx, `SELECT c.id FROM clients c JOIN apis a ON a.id = c.api_id WHERE a.audience = $1`, func(row pgx.CollectableRow) error {
		var id uuid.UUID
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	}, audience)
	return ids, err
}

func (s *Store) addSecret(ctx context.Context, record recordAct, id uuid.UUID, hash secretHash, now time.Time) error {
	err := s.changeSecrets(ctx, record, id, `UPDATE clients SET secret_hashes = array_prepend($2::bytea, secret_hashes), rotated_at = $3 WHERE id = $1`, id, hash[:], now)
	if violated := (*pgconn.PgError)(nil); errors.As(err, &violated) && violated.ConstraintName == "clients_secret_hashes" {
		return fault.New(fault.AlreadyExists, "Two secrets of the client are valid. Revoke the old one first: client rotate ID --drop-old.")
	}
	return err
}

func (s *Store) dropOld(ctx context.Context, record recordAct, id uuid.UUID) error {
	return s.changeSecrets(ctx, record, id, `UPDATE clients SET secret_hashes = secret_hashes[1:1] WHERE id = $1`, id)
}

func disable(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) error {
	tag, err := tx.Exec(ctx, `UPDATE clients SET disabled_at = coalesce(disabled_at, $2) WHERE id = $1`, id, now)
	if err == nil && tag.RowsAffected() == 0 {
		return notFound()
	}
	return err
}

func notFound() error {
	return fault.New(fault.ClientNotFound, "There is no such client, or it is disabled.")
}

// recordAct records what a change does, in its transaction.
type recordAct func(ctx context.Context, tx pgx.Tx) error

// changeSecrets runs a statement on a client that has a secret, and records the act.
func (s *Store) changeSecrets(ctx context.Context, record recordAct, id uuid.UUID, statement string, args ...any) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		known, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}
		if known.Authentication != Secret {
			return fault.Invalid("client", "no_secret", "This client has no secret: it is public, or signs with a key of its own.")
		}
		if _, err := tx.Exec(ctx, statement, args...); err != nil {
			return err
		}
		return record(ctx, tx)
	})
}

func (s *Store) each(ctx context.Context, query string, take func(pgx.CollectableRow) error, args ...any) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) { return struct{}{}, take(row) })
		return err
	})
}

// clean removes control characters, and U+FFFD, which also stands for invalid UTF-8.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
}
