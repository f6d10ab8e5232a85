package authorization

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// row is a new authorization, as it will be inserted.
type row struct {
	Authorization
	parent       *uuid.UUID
	chain        []uuid.UUID
	epoch        int64
	clientEpoch  *int64
	consentEpoch *int64
	// tokenExpiresAt is when the first token expires.
	tokenExpiresAt time.Time
	// tokenAudiences are those of the first token; nil means the authorization's.
	tokenAudiences []string
	principal      verify.Principal
}

func newRow(id uuid.UUID, r Request, now time.Time, idle time.Duration) *row {
	w := &row{chain: []uuid.UUID{id}, Authorization: Authorization{
		ID: id, Kind: r.Kind, Subject: r.Subject.ID, Client: r.Client, Root: id, AuthenticatedBy: r.AuthenticatedBy,
		CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(r.Lifetime),
	}}
	if w.AuthenticatedAt = r.AuthenticatedAt; len(r.AuthenticatedBy) > 0 && w.AuthenticatedAt.IsZero() {
		w.AuthenticatedAt = now
	}
	if r.Kind == Session {
		w.IdleExpiresAt = now.Add(idle)
	}
	if w.tokenExpiresAt = w.ExpiresAt; r.TokenLifetime > 0 {
		w.tokenExpiresAt = earliest(w.ExpiresAt, now.Add(r.TokenLifetime))
	}
	return w
}

// insert adds an authorization and its first token, in one round trip.
func insert(ctx context.Context, tx pgx.Tx, w *row, hash token.Hash) error {
	batch := &pgx.Batch{}
	batch.Queue(insertAuthorization, w.columns()...)
	batch.Queue(insertToken, drawn{hash: hash, audiences: w.tokenAudiences, issuedAt: w.CreatedAt, expiresAt: w.tokenExpiresAt}.columns(w.ID)...)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("insert authorization: %w", err)
	}
	return nil
}

const insertAuthorization = `
	INSERT INTO authorizations (id, kind, subject_id, client_id, parent_id, chain, root_id, epoch, client_epoch, consent_epoch, scopes, audiences, amr, auth_time,
		created_at, used_at, written_at, idle_expires_at, expires_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $15, $16, $17)`

// columns are the arguments of insertAuthorization.
func (w *row) columns() []any {
	return []any{
		w.ID, w.Kind, w.Subject, orNull(w.Client), w.parent, w.chain, w.Root, w.epoch, w.clientEpoch, w.consentEpoch, w.Scopes, w.Audiences, orEmpty(w.AuthenticatedBy),
		orNull(w.AuthenticatedAt), w.CreatedAt, orNull(w.IdleExpiresAt), w.ExpiresAt,
	}
}

func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// orEmpty is for columns and conditions that do not accept null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
