package authorization

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/postgres"
)

// Consent is what a person let a client in for. The zero Consent is none.
type Consent struct {
	// Epoch is the number with which the consent ends; 0 if there is none.
	Epoch  int64
	Scopes []string
	// ClientEpoch is the client's own: what was given under an older one has ended.
	ClientEpoch int64
}

// covers says whether the consent stands and is for all of the scopes.
func (c Consent) covers(scopes []string) bool {
	return c.Epoch > 0 && !slices.ContainsFunc(scopes, func(scope string) bool { return !slices.Contains(c.Scopes, scope) })
}

// Consented returns what the person has let the client in for. Fault: store_unavailable.
func (s *Service) Consented(ctx context.Context, account, client uuid.UUID) (given Consent, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		given, err = readConsent(ctx, db, account, client)
		return err
	})
	return given, err
}

func readConsent(ctx context.Context, db postgres.Querier, account, client uuid.UUID) (given Consent, err error) {
	err = db.QueryRow(ctx, `
		SELECT coalesce(k.epoch, 0), coalesce(k.scopes, '{}'), coalesce(c.epoch, 1)
		FROM (SELECT) one LEFT JOIN subjects c ON c.id = $2
			LEFT JOIN consents k ON k.subject_id = $1 AND k.client_id = $2 AND k.withdrawn_at IS NULL`, account, client).
		Scan(&given.Epoch, &given.Scopes, &given.ClientEpoch)
	if err != nil {
		return Consent{}, fmt.Errorf("read a consent: %w", err)
	}
	return given, nil
}

// RecordConsent records that the person lets the client in for these scopes, besides those of
// before, and returns the consent. It records an act only if that is new.
// Faults: account_disabled, store_unavailable.
func (s *Service) RecordConsent(ctx context.Context, account, client uuid.UUID, scopes []string) (given Consent, err error) {
	if given, err = s.Consented(ctx, account, client); err != nil || given.covers(scopes) {
		return given, err
	}
	subject := Account(account)
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		locked, err := lockSubject(ctx, tx, subject)
		if err != nil {
			return err
		}
		if locked.endedAt != nil {
			return disabled(subject)
		}
		// A form that was sent twice has recorded it meanwhile.
		if given, err = readConsent(ctx, tx, account, client); err != nil || given.covers(scopes) {
			return err
		}
		if given.Epoch, err = recordConsent(ctx, tx, account, client, scopes, s.now()); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, actOn(subject, audit.Event{Verb: audit.AllowApp, About: client.String()}))
	})
	if err != nil {
		return Consent{}, fmt.Errorf("record a consent: %w", err)
	}
	return given, nil
}

// recordConsent records that the person authorized the client as an app, and returns the
// epoch of that consent.
func recordConsent(ctx context.Context, tx pgx.Tx, subject, client uuid.UUID, scopes []string, now time.Time) (epoch int64, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO consents (subject_id, client_id, scopes, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subject_id, client_id) DO UPDATE SET withdrawn_at = NULL,
			scopes = CASE WHEN consents.withdrawn_at IS NULL THEN ARRAY(SELECT DISTINCT unnest(consents.scopes || $3)) ELSE $3 END
		RETURNING epoch`, subject, client, orEmpty(scopes), now).Scan(&epoch)
	if err != nil {
		return 0, fmt.Errorf("record consent: %w", err)
	}
	return epoch, nil
}

// checkConsent checks that the consent with that epoch was not withdrawn. Fault:
// invalid_grant.
func checkConsent(ctx context.Context, tx pgx.Tx, subject, client uuid.UUID, epoch int64) error {
	var stands bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM consents WHERE subject_id = $1 AND client_id = $2 AND epoch = $3 AND withdrawn_at IS NULL)`, subject, client, epoch).Scan(&stands)
	if err != nil {
		return fmt.Errorf("check consent: %w", err)
	}
	if !stands {
		return invalidGrant()
	}
	return nil
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

// WithdrawAll withdraws all consents of the subject. Whoever calls it ends everything of the
// subject in the same transaction.
func (t *Tx) WithdrawAll(ctx context.Context) error {
	if _, err := t.Exec(ctx, `UPDATE consents SET epoch = epoch + 1, withdrawn_at = $2 WHERE subject_id = $1 AND withdrawn_at IS NULL`, t.subject.id, t.now); err != nil {
		return fmt.Errorf("withdraw consents: %w", err)
	}
	return nil
}
