package authorization

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
)

const (
	// MaxSessions is how many live sessions a person may have. Without a limit, a script
	// that signs in for every call would create rows and records without end.
	MaxSessions = 100
	// MaxApps is how many live authorizations of one client a person may have: an app that
	// signs in anew instead of refreshing makes one each time.
	MaxApps = 100
	// MaxPersonal is how many live personal access tokens a person may have.
	MaxPersonal = 100
	// maxEnded limits how many sessions one sign-in ends if the account has more.
	maxEnded = 10
	// candidates is among how many of the oldest those unused longest are chosen.
	candidates = 2 * MaxSessions
)

// enforceLimit ends the authorizations unused longest if the subject has MaxSessions
// sessions, or MaxApps authorizations of the same client, already. Of personal access tokens
// none is ended: a script would stop, and nobody would know why. The caller holds the
// exclusive lock of the subject. It returns the selectors to sync. Fault: validation_failed
// (there are MaxPersonal tokens).
func enforceLimit(ctx context.Context, tx pgx.Tx, subject lockedSubject, w *row, now time.Time) (queued []uuid.UUID, err error) {
	var roots []uuid.UUID
	switch w.Kind {
	case Session:
		roots, err = endOldSessions(ctx, tx, subject, now)
	case App:
		roots, err = endOldApps(ctx, tx, w, now)
	case Personal:
		err = refuseAboveLimit(ctx, tx, subject, now)
	}
	if err != nil {
		return nil, err
	}
	t := &Tx{Tx: tx, subject: subject, now: now}
	for _, root := range roots {
		if err := t.queue(ctx, selector{what: selectTree, target: root[:]}); err != nil {
			return nil, err
		}
	}
	return t.queued, nil
}

func refuseAboveLimit(ctx context.Context, tx pgx.Tx, subject lockedSubject, now time.Time) error {
	var count int
	err := tx.QueryRow(ctx, `
		SELECT count(*) FROM authorizations
		WHERE subject_id = $1 AND epoch = $2 AND parent_id IS NULL AND revoked_at IS NULL AND kind = 'personal' AND expires_at > $3`,
		subject.id, subject.personalEpoch, now).Scan(&count)
	if err != nil {
		return fmt.Errorf("count personal access tokens: %w", err)
	}
	if count >= MaxPersonal {
		return fault.Invalid("name", "too_many", fmt.Sprintf("There are %d personal access tokens already. End one that is not needed any more.", count))
	}
	return nil
}

func endOldSessions(ctx context.Context, tx pgx.Tx, subject lockedSubject, now time.Time) ([]uuid.UUID, error) {
	const live = `subject_id = $1 AND epoch = $2 AND parent_id IS NULL AND revoked_at IS NULL AND kind = 'session' AND idle_expires_at > $3 AND expires_at > $3`
	var count int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM authorizations WHERE `+live+` LIMIT $4) AS counted`,
		subject.id, subject.epoch, now, MaxSessions+maxEnded).Scan(&count)
	if err != nil {
		return nil, fmt.Errorf("count sessions: %w", err)
	}
	if count < MaxSessions {
		return nil, nil
	}
	return endOldest(tx.Query(ctx, `
		UPDATE authorizations SET revoked_at = $3, revoked_reason = $4 WHERE id IN (
			SELECT id FROM (SELECT id, used_at FROM authorizations WHERE `+live+` ORDER BY id LIMIT $5) AS oldest ORDER BY used_at, id LIMIT $6)
		RETURNING root_id`, subject.id, subject.epoch, now, TooMany, candidates, count-MaxSessions+1))
}

func endOldApps(ctx context.Context, tx pgx.Tx, w *row, now time.Time) ([]uuid.UUID, error) {
	return endOldest(tx.Query(ctx, `
		UPDATE authorizations SET revoked_at = $1, revoked_reason = $4 WHERE id IN (
			SELECT a.id FROM authorizations a
			WHERE a.subject_id = $2 AND a.client_id = $3 AND a.kind = 'app' AND a.revoked_at IS NULL AND `+live+`
			ORDER BY a.used_at DESC, a.id DESC OFFSET $5 LIMIT $6)
		RETURNING root_id`, now, w.Subject, w.Client, TooMany, MaxApps-1, maxEnded))
}

func endOldest(rows pgx.Rows, err error) ([]uuid.UUID, error) {
	if err != nil {
		return nil, fmt.Errorf("end authorizations over the limit: %w", err)
	}
	roots, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("end authorizations over the limit: %w", err)
	}
	return roots, nil
}
