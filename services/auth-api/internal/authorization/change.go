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

// Tx is a transaction that holds the locks for a change. Its caller may write other rows in
// it; all is committed together.
type Tx struct {
	pgx.Tx
	subject lockedSubject
	now     time.Time
	queued  []uuid.UUID // selectors to sync before the caller is answered
}

// Change runs work in a transaction that holds the exclusive lock of the subject, and records
// the act in it. The act's subject is the subject, unless it says otherwise. When Change
// returns nil, everything that work ended or rewrote is synced to Redis. Faults: those of
// work; store_unavailable: nothing was changed, or the change is committed and a store did
// not answer; change_under_way: the change is committed, and the rest of it is still being
// synced.
func (s *Service) Change(ctx context.Context, subject Subject, act audit.Event, work func(context.Context, *Tx) error) error {
	return s.change(ctx, actOn(subject, act), func(ctx context.Context, tx *Tx) (err error) {
		if tx.subject, err = lockSubject(ctx, tx, subject); err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

// ChangeAssignments is Change with a shared lock on roles, for work that reads them.
func (s *Service) ChangeAssignments(ctx context.Context, subject Subject, act audit.Event, work func(context.Context, *Tx) error) error {
	return s.change(ctx, actOn(subject, act), func(ctx context.Context, tx *Tx) (err error) {
		if err := lockRolesShared(ctx, tx); err != nil {
			return err
		}
		if tx.subject, err = lockSubject(ctx, tx, subject); err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

// ChangeRoles is Change with the exclusive lock on roles and APIs. It locks no subject, so
// work must not end authorizations.
func (s *Service) ChangeRoles(ctx context.Context, act audit.Event, work func(context.Context, *Tx) error) error {
	return s.change(ctx, act, func(ctx context.Context, tx *Tx) error {
		if err := lockRolesExclusive(ctx, tx); err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

func (s *Service) change(ctx context.Context, act audit.Event, work func(context.Context, *Tx) error) error {
	var queued []uuid.UUID
	err := s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		t := &Tx{Tx: tx, now: s.now()}
		if err := work(ctx, t); err != nil {
			return err
		}
		queued = t.queued
		return s.audit.Record(ctx, tx, act)
	})
	if err != nil {
		return err
	}
	return s.awaitSync(ctx, queued)
}

// IsErasing reports whether the subject's account was deleted.
func (t *Tx) IsErasing() bool { return t.subject.erasing }

// End ends one authorization of the subject and its descendants. Fault: session_not_found
// (there is none, or it has ended).
func (t *Tx) End(ctx context.Context, id uuid.UUID, reason Reason) error {
	var root uuid.UUID
	err := t.QueryRow(ctx, `
		UPDATE authorizations a SET revoked_at = $3, revoked_reason = $4 FROM authorizations r
		WHERE a.id = $1 AND a.subject_id = $2 AND a.revoked_at IS NULL
			AND r.id = a.root_id AND r.epoch = CASE r.kind WHEN 'personal' THEN $6::bigint ELSE $5 END
		RETURNING a.root_id`, id, t.subject.id, t.now, reason, t.subject.epoch, t.subject.personalEpoch).Scan(&root)
	if errors.Is(err, pgx.ErrNoRows) {
		return t.awaitPending(ctx, id)
	}
	if err != nil {
		return fmt.Errorf("end authorization: %w", err)
	}
	return t.queue(ctx, selector{what: selectTree, target: root[:]})
}

// awaitPending is for a repeated request whose first attempt was committed but not synced:
// the caller waits for the selector that is already queued.
func (t *Tx) awaitPending(ctx context.Context, id uuid.UUID) error {
	waits, err := t.addPending(ctx, `
		SELECT o.id FROM outbox o JOIN authorizations a ON o.selector = 'tree' AND o.target = uuid_send(a.root_id)
		WHERE o.done_at IS NULL AND a.id = $1 AND a.subject_id = $2 AND a.revoked_at IS NOT NULL`, id, t.subject.id)
	if err == nil && !waits {
		return notFound()
	}
	return err
}

// addPending adds the selectors that the query returns to those that are synced before the
// caller is answered.
func (t *Tx) addPending(ctx context.Context, query string, args ...any) (found bool, err error) {
	rows, err := t.Query(ctx, query, args...)
	if err != nil {
		return false, fmt.Errorf("look for pending changes: %w", err)
	}
	waiting, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return false, fmt.Errorf("look for pending changes: %w", err)
	}
	t.queued = append(t.queued, waiting...)
	return len(waiting) > 0, nil
}

// EndSignIns ends all authorizations of the subject except personal access tokens and the
// tree of the authorization keep; uuid.Nil keeps none.
func (t *Tx) EndSignIns(ctx context.Context, keep uuid.UUID) error {
	before := t.subject.epoch
	if _, err := t.Exec(ctx, `UPDATE subjects SET epoch = epoch + 1 WHERE id = $1`, t.subject.id); err != nil {
		return fmt.Errorf("end sign-ins: %w", err)
	}
	t.subject.epoch++
	if keep != uuid.Nil {
		// Only if it is alive: an ended one must not come back.
		if _, err := t.Exec(ctx, `
			UPDATE authorizations r SET epoch = $4 FROM authorizations a
			WHERE a.id = $1 AND r.id = a.root_id AND r.subject_id = $2 AND r.epoch = $3 AND r.kind <> 'personal'`,
			keep, t.subject.id, before, t.subject.epoch); err != nil {
			return fmt.Errorf("keep one sign-in: %w", err)
		}
	}
	if err := t.queueEpochs(ctx, before); err != nil {
		return err
	}
	return t.awaitEarlier(ctx)
}

// EndAll ends all authorizations of the subject. For a client it also ends those in which
// the client acts for others.
func (t *Tx) EndAll(ctx context.Context) error {
	before := t.subject
	if _, err := t.Exec(ctx, `UPDATE subjects SET epoch = epoch + 1, personal_epoch = personal_epoch + 1 WHERE id = $1`, t.subject.id); err != nil {
		return fmt.Errorf("end all authorizations of a subject: %w", err)
	}
	t.subject.epoch++
	t.subject.personalEpoch++
	if t.subject.client {
		if err := t.shortenProgram(ctx, before.epoch); err != nil {
			return err
		}
		// The authorizations in which it acts for others.
		if err := t.queue(ctx, selector{what: selectClient, target: t.subject.id[:]}); err != nil {
			return err
		}
	}
	if err := t.queueEpochs(ctx, before.epoch, before.personalEpoch); err != nil {
		return err
	}
	return t.awaitEarlier(ctx)
}

// Disable ends all authorizations of the subject, and refuses new ones until Enable.
func (t *Tx) Disable(ctx context.Context) error {
	if _, err := t.Exec(ctx, `UPDATE subjects SET ended_at = coalesce(ended_at, $2) WHERE id = $1`, t.subject.id, t.now); err != nil {
		return fmt.Errorf("disable subject: %w", err)
	}
	return t.EndAll(ctx)
}

// Enable allows new authorizations of the subject. Ended ones stay ended.
func (t *Tx) Enable(ctx context.Context) error {
	if _, err := t.Exec(ctx, `UPDATE subjects SET ended_at = NULL WHERE id = $1 AND NOT erasing`, t.subject.id); err != nil {
		return fmt.Errorf("enable subject: %w", err)
	}
	return nil
}

// Erase ends all authorizations of the subject for good. Sweep deletes their rows.
func (t *Tx) Erase(ctx context.Context) error {
	if _, err := t.Exec(ctx, `UPDATE subjects SET erasing = true WHERE id = $1`, t.subject.id); err != nil {
		return fmt.Errorf("erase subject: %w", err)
	}
	return t.Disable(ctx)
}

// Rewrite rewrites the records of the subject's live tokens.
func (t *Tx) Rewrite(ctx context.Context) error {
	return t.queueEpochs(ctx, t.subject.epoch, t.subject.personalEpoch)
}

// RewriteRole rewrites the records of all subjects that have the role.
func (t *Tx) RewriteRole(ctx context.Context, role uuid.UUID) error {
	return t.queue(ctx, selector{what: selectRole, target: role[:]})
}

// RewriteAPI rewrites the records of all subjects that have any role of the API.
func (t *Tx) RewriteAPI(ctx context.Context, api uuid.UUID) error {
	return t.queue(ctx, selector{what: selectAPI, target: api[:]})
}

func (t *Tx) queueEpochs(ctx context.Context, epochs ...int64) error {
	return t.queue(ctx, selector{what: selectSubject, target: t.subject.id[:], epochs: epochs})
}
