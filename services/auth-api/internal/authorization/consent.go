package authorization

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// consent notes that the person lets the client in, as an app is authorized, and gives
// the epoch of that.
func consent(ctx context.Context, tx pgx.Tx, subject, client uuid.UUID, scopes []string, now time.Time) (epoch int64, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO consents (subject_id, client_id, scopes, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subject_id, client_id) DO UPDATE SET scopes = $3, withdrawn_at = NULL RETURNING epoch`, subject, client, scopes, now).Scan(&epoch)
	if err != nil {
		return 0, fmt.Errorf("note consent: %w", err)
	}
	return epoch, nil
}

// EndApp ends everything that a client has of the subject, and withdraws the consent to
// it. Fault: session_not_found (there is none).
func (t *Tx) EndApp(ctx context.Context, client uuid.UUID) error {
	tag, err := t.Exec(ctx, `UPDATE consents SET epoch = epoch + 1, withdrawn_at = $3 WHERE subject_id = $1 AND client_id = $2 AND withdrawn_at IS NULL`, t.subject.id, client, t.now)
	if err != nil {
		return fmt.Errorf("withdraw consent: %w", err)
	}
	if tag.RowsAffected() > 0 {
		return t.Rewrite(ctx)
	}
	// It may be the same request again, because Redis did not answer the first time.
	waits, err := t.wait(ctx, `
		SELECT o.id FROM outbox o, consents k
		WHERE o.done_at IS NULL AND o.selector = 'subject' AND o.target = uuid_send($1) AND k.subject_id = $1 AND k.client_id = $2 AND k.withdrawn_at IS NOT NULL`, t.subject.id, client)
	if err == nil && !waits {
		return notFound()
	}
	return err
}
