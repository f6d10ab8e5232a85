package authorization

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Tx is a transaction that holds what is changed. What it ends and what else it writes
// is committed as one.
type Tx struct {
	pgx.Tx
	subject held
	now     time.Time
	queued  []uuid.UUID // selectors that are to be carried before the caller is answered
}

// Change runs work in a transaction that holds the subject exclusively. When it returns
// nil, Redis has heard of everything that work ended or rewrote. Faults: what work
// returns; store_unavailable: either nothing was changed, or it was and a store did not
// answer; change_under_way: it was, and reaches so much that Redis has yet to hear of
// the rest.
func (s *Service) Change(ctx context.Context, subject Subject, work func(context.Context, *Tx) error) error {
	return s.change(ctx, func(ctx context.Context, tx *Tx) (err error) {
		if tx.subject, err = lockSubject(ctx, tx, subject); err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

// ChangeAssignments is Change for what reads roles besides: they stay as they are.
func (s *Service) ChangeAssignments(ctx context.Context, subject Subject, work func(context.Context, *Tx) error) error {
	return s.change(ctx, func(ctx context.Context, tx *Tx) (err error) {
		if err := holdRoles(ctx, tx); err != nil {
			return err
		}
		if tx.subject, err = lockSubject(ctx, tx, subject); err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

// ChangeRoles runs work while nobody else reads or changes roles and APIs. It holds no
// subject, so it may end none. Otherwise it is Change.
func (s *Service) ChangeRoles(ctx context.Context, work func(context.Context, *Tx) error) error {
	return s.change(ctx, func(ctx context.Context, tx *Tx) error {
		if err := lockRoles(ctx, tx); err != nil {
			return err
		}
		return work(ctx, tx)
	})
}

func (s *Service) change(ctx context.Context, work func(context.Context, *Tx) error) error {
	var queued []uuid.UUID
	err := s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		t := &Tx{Tx: tx, now: s.now()}
		err := work(ctx, t)
		queued = t.queued
		return err
	})
	if err != nil {
		return err
	}
	return s.settle(ctx, queued)
}

// IsErasing says whether the subject's account was deleted.
func (t *Tx) IsErasing() bool { return t.subject.erasing }

// End ends one authorization of the subject, and all that hangs on it. Fault:
// session_not_found (there is none, or it has ended).
func (t *Tx) End(ctx context.Context, id uuid.UUID, reason Reason) error {
	var root uuid.UUID
	err := t.QueryRow(ctx, `
		UPDATE authorizations a SET revoked_at = $3, revoked_reason = $4 FROM authorizations r
		WHERE a.id = $1 AND a.subject_id = $2 AND a.revoked_at IS NULL
			AND r.id = a.root_id AND r.epoch = CASE r.kind WHEN 'personal' THEN $6::bigint ELSE $5 END
		RETURNING a.root_id`, id, t.subject.id, t.now, reason, t.subject.epoch, t.subject.personalEpoch).Scan(&root)
	if errors.Is(err, pgx.ErrNoRows) {
		return t.again(ctx, id)
	}
	if err != nil {
		return fmt.Errorf("end authorization: %w", err)
	}
	return t.queue(ctx, selector{what: selectTree, target: root[:]})
}

// again is for whoever asks a second time, because the first time Redis did not answer:
// it waits for what is queued already.
func (t *Tx) again(ctx context.Context, id uuid.UUID) error {
	waits, err := t.wait(ctx, `
		SELECT o.id FROM outbox o JOIN authorizations a ON o.selector = 'tree' AND o.target = uuid_send(a.root_id)
		WHERE o.done_at IS NULL AND a.id = $1 AND a.subject_id = $2 AND a.revoked_at IS NOT NULL`, id, t.subject.id)
	if err == nil && !waits {
		return notFound()
	}
	return err
}

// wait adds the selectors that the query gives to those that are carried before the
// caller is answered.
func (t *Tx) wait(ctx context.Context, query string, args ...any) (found bool, err error) {
	rows, err := t.Query(ctx, query, args...)
	if err != nil {
		return false, fmt.Errorf("look for changes that are under way: %w", err)
	}
	waiting, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return false, fmt.Errorf("look for changes that are under way: %w", err)
	}
	t.queued = append(t.queued, waiting...)
	return len(waiting) > 0, nil
}

// EndSignIns ends everything of the subject but personal access tokens, and but what
// hangs on the root of the one that is kept; uuid.Nil keeps none.
func (t *Tx) EndSignIns(ctx context.Context, keep uuid.UUID) error {
	before := t.subject.epoch
	if _, err := t.Exec(ctx, `UPDATE subjects SET epoch = epoch + 1 WHERE id = $1`, t.subject.id); err != nil {
		return fmt.Errorf("end sign-ins: %w", err)
	}
	t.subject.epoch++
	if keep != uuid.Nil {
		// Only one that is alive: what has ended before must not come back.
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

// EndAll ends everything of the subject; of a client also what it has of others.
func (t *Tx) EndAll(ctx context.Context) error {
	before := t.subject
	if _, err := t.Exec(ctx, `UPDATE subjects SET epoch = epoch + 1, personal_epoch = personal_epoch + 1 WHERE id = $1`, t.subject.id); err != nil {
		return fmt.Errorf("end everything of a subject: %w", err)
	}
	t.subject.epoch++
	t.subject.personalEpoch++
	if t.subject.client {
		// Besides its own: what it has of others.
		if err := t.queue(ctx, selector{what: selectClient, target: t.subject.id[:]}); err != nil {
			return err
		}
	}
	if err := t.queueEpochs(ctx, before.epoch, before.personalEpoch); err != nil {
		return err
	}
	return t.awaitEarlier(ctx)
}

// Disable ends everything of the subject, and nothing begins until Enable.
func (t *Tx) Disable(ctx context.Context) error {
	if _, err := t.Exec(ctx, `UPDATE subjects SET ended_at = coalesce(ended_at, $2) WHERE id = $1`, t.subject.id, t.now); err != nil {
		return fmt.Errorf("disable subject: %w", err)
	}
	return t.EndAll(ctx)
}

// Enable lets the subject begin anew. What has ended stays so.
func (t *Tx) Enable(ctx context.Context) error {
	if _, err := t.Exec(ctx, `UPDATE subjects SET ended_at = NULL WHERE id = $1 AND NOT erasing`, t.subject.id); err != nil {
		return fmt.Errorf("enable subject: %w", err)
	}
	return nil
}

// Erase ends everything of the subject for good; Sweep deletes what is known of it.
func (t *Tx) Erase(ctx context.Context) error {
	if _, err := t.Exec(ctx, `UPDATE subjects SET erasing = true WHERE id = $1`, t.subject.id); err != nil {
		return fmt.Errorf("erase subject: %w", err)
	}
	return t.Disable(ctx)
}

// Rewrite writes the records of the subject's live tokens anew.
func (t *Tx) Rewrite(ctx context.Context) error {
	return t.queueEpochs(ctx, t.subject.epoch, t.subject.personalEpoch)
}

// RewriteRole writes the records of all who have the role anew, RewriteAPI of all who
// have any role of the API.
func (t *Tx) RewriteRole(ctx context.Context, role uuid.UUID) error {
	return t.queue(ctx, selector{what: selectRole, target: role[:]})
}

// RewriteAPI is described at RewriteRole.
func (t *Tx) RewriteAPI(ctx context.Context, api uuid.UUID) error {
	return t.queue(ctx, selector{what: selectAPI, target: api[:]})
}

func (t *Tx) queueEpochs(ctx context.Context, epochs ...int64) error {
	return t.queue(ctx, selector{what: selectSubject, target: t.subject.id[:], epochs: epochs})
}
