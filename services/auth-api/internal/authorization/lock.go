package authorization

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
)

// Subject is the owner of an authorization.
type Subject struct {
	ID     uuid.UUID
	Client bool // otherwise an account
}

// Account returns the subject for an account.
func Account(id uuid.UUID) Subject { return Subject{ID: id} }

func (s Subject) kind() string {
	if s.Client {
		return "client"
	}
	return "account"
}

func (s Subject) party() audit.Party {
	if s.Client {
		return audit.Party{Kind: audit.Client, ID: s.ID}
	}
	return audit.AccountOf(s.ID)
}

// actOn makes the subject that of the act, unless the act has one.
func actOn(s Subject, act audit.Event) audit.Event {
	if act.Subject.Kind == "" {
		act.Subject = s.party()
	}
	return act
}

// rolesLock is the advisory lock of roles and APIs ("role" in ASCII). Transactions that
// read them to write records share it; those that change them hold it exclusively.
const rolesLock = 0x726f6c65

func lockRolesShared(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock_shared($1)`, rolesLock); err != nil {
		return fmt.Errorf("lock roles: %w", err)
	}
	return nil
}

func lockRolesExclusive(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, rolesLock); err != nil {
		return fmt.Errorf("lock roles: %w", err)
	}
	return nil
}

// lockedSubject is a subject whose row the transaction has locked.
type lockedSubject struct {
	id            uuid.UUID
	client        bool
	epoch         int64
	personalEpoch int64
	endedAt       *time.Time
	erasing       bool
}

// lockSubject locks the subject exclusively.
func lockSubject(ctx context.Context, tx pgx.Tx, s Subject) (lockedSubject, error) {
	h, err := subjectRow(ctx, tx, s, "FOR UPDATE")
	if err != nil {
		return lockedSubject{}, fmt.Errorf("lock subject: %w", err)
	}
	return h, nil
}

// subjectRow locks the row of a subject, and creates it if it does not exist.
func subjectRow(ctx context.Context, tx pgx.Tx, s Subject, lock string) (lockedSubject, error) {
	h, err := readSubject(ctx, tx, s.ID, lock)
	if errors.Is(err, pgx.ErrNoRows) {
		// If another transaction creates it at the same time, this one waits.
		if _, err = tx.Exec(ctx, `INSERT INTO subjects (id, kind) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, s.ID, s.kind()); err == nil {
			h, err = readSubject(ctx, tx, s.ID, lock)
		}
	}
	return h, err
}

func readSubject(ctx context.Context, tx pgx.Tx, id uuid.UUID, lock string) (lockedSubject, error) {
	h := lockedSubject{id: id}
	err := tx.QueryRow(ctx, `SELECT kind = 'client', epoch, personal_epoch, ended_at, erasing FROM subjects WHERE id = $1 `+lock, id).
		Scan(&h.client, &h.epoch, &h.personalEpoch, &h.endedAt, &h.erasing)
	return h, err
}

// lockSubjectsShared locks the subjects of the authorizations and the clients that act in
// them.
func lockSubjectsShared(ctx context.Context, tx pgx.Tx, authorizations []uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		SELECT FROM subjects WHERE id IN (
			SELECT subject_id FROM authorizations WHERE id = ANY($1)
			UNION SELECT client_id FROM authorizations WHERE id = ANY($1) AND client_id IS NOT NULL)
		ORDER BY id FOR SHARE`, authorizations)
	if err != nil {
		return fmt.Errorf("lock subjects: %w", err)
	}
	return nil
}
