package authorization

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Subject is whoever an authorization is of.
type Subject struct {
	ID     uuid.UUID
	Client bool // else an account
}

// Account is the subject that is this account.
func Account(id uuid.UUID) Subject { return Subject{ID: id} }

func (s Subject) kind() string {
	if s.Client {
		return "client"
	}
	return "account"
}

// rolesLock is held by whoever reads roles and APIs to write records, shared, and by
// whoever changes them ("role" in ASCII).
const rolesLock = 0x726f6c65

func holdRoles(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock_shared($1)`, rolesLock); err != nil {
		return fmt.Errorf("hold roles: %w", err)
	}
	return nil
}

func lockRoles(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, rolesLock); err != nil {
		return fmt.Errorf("lock roles: %w", err)
	}
	return nil
}

// held is a subject whose row a transaction holds.
type held struct {
	id            uuid.UUID
	client        bool
	epoch         int64
	personalEpoch int64
	endedAt       *time.Time
	erasing       bool
}

// lockSubject holds the subject exclusively.
func lockSubject(ctx context.Context, tx pgx.Tx, s Subject) (held, error) {
	h, err := subjectRow(ctx, tx, s, "FOR UPDATE")
	if err != nil {
		return held{}, fmt.Errorf("lock subject: %w", err)
	}
	return h, nil
}

// subjectRow locks the row of a subject, which is made when it is first needed.
func subjectRow(ctx context.Context, tx pgx.Tx, s Subject, lock string) (held, error) {
	h, err := readSubject(ctx, tx, s.ID, lock)
	if errors.Is(err, pgx.ErrNoRows) {
		// Another may make it at the same time; then this waits for it.
		if _, err = tx.Exec(ctx, `INSERT INTO subjects (id, kind) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, s.ID, s.kind()); err == nil {
			h, err = readSubject(ctx, tx, s.ID, lock)
		}
	}
	return h, err
}

func readSubject(ctx context.Context, tx pgx.Tx, id uuid.UUID, lock string) (held, error) {
	h := held{id: id}
	err := tx.QueryRow(ctx, `SELECT kind = 'client', epoch, personal_epoch, ended_at, erasing FROM subjects WHERE id = $1 `+lock, id).
		Scan(&h.client, &h.epoch, &h.personalEpoch, &h.endedAt, &h.erasing)
	return h, err
}

// holdSubjects holds the subjects of the authorizations, and the clients that act in
// them, shared.
func holdSubjects(ctx context.Context, tx pgx.Tx, authorizations []uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		SELECT FROM subjects WHERE id IN (
			SELECT subject_id FROM authorizations WHERE id = ANY($1)
			UNION SELECT client_id FROM authorizations WHERE id = ANY($1) AND client_id IS NOT NULL)
		ORDER BY id FOR SHARE`, authorizations)
	if err != nil {
		return fmt.Errorf("hold subjects: %w", err)
	}
	return nil
}
