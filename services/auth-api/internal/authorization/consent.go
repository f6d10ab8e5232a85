package authorization

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// recordConsent records that the person authorized the client as an app, and returns the
// epoch of that consent.
func recordConsent(ctx context.Context, tx pgx.Tx, subject, client uuid.UUID, scopes []string, now time.Time) (epoch int64, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO consents (subject_id, client_id, scopes, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subject_id, client_id) DO UPDATE SET scopes = $3, withdrawn_at = NULL RETURNING epoch`, subject, client, scopes, now).Scan(&epoch)
	if err != nil {
		return 0, fmt.Errorf("record consent: %w", err)
	}
	return epoch, nil
}

// EndApp withdraws the subject's consent to a client, and so ends all authorizations in
// which the client acts for the subject. Fault: session_not_found (there is no consent).
func (t *Tx) EndApp(ctx context.Context, client uuid.UUID) error {
	tag, err := t.Exec(ctx, `UPDATE consents SET epoch = epoch + 1, withdrawn_at = $3 WHERE subject_id = $1 AND client_id = $2 AND withdrawn_at IS NULL`, t.subject.id, client, t.now)
	if err != nil {
		return fmt.Errorf("withdraw consent: %w", err)
	}
	if tag.RowsAffected() > 0 {
		return t.Rewrite(ctx)
	}
	// It may be a repeated request whose first attempt was committed but not synced.
	waits, err := t.addPending(ctx, `
		SELECT o.id FROM outbox o, consents k
		WHERE o.done_at IS NULL AND o.selector = 'subject' AND o.target = uuid_send($1) AND k.subject_id = $1 AND k.client_id = $2 AND k.withdrawn_at IS NOT NULL`, t.subject.id, client)
	if err == nil && !waits {
		return notFound()
	}
	return err
}
