package oauth

import (
	"bytes"
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/verify/token"
)

const (
	// codeLifetime is how long a code may be exchanged (RFC 6749, section 4.1.2, allows ten
	// minutes). What was spent is known for an hour, so that its reuse is noticed.
	codeLifetime  = time.Minute
	codeRetention = time.Hour
	codePrefix    = "bac_"
	codeLabel     = "authorization code"
)

// code makes the code of a request, or returns the same one again while it can be used: a
// form that is sent twice must not take the first code from the app. Fault: request_expired
// (it was exchanged already).
func (s *Service) code(ctx context.Context, app client.App, r Request, who Person) (string, error) {
	given, err := s.Authorizations.RecordConsent(ctx, who.Account, app.ID, r.Scopes)
	if err != nil {
		return "", fmt.Errorf("let an app in: %w", err)
	}
	var code string
	err = s.DB.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		nonce := make([]byte, sha256.Size)
		if _, err := io.ReadFull(s.Random, nonce); err != nil {
			return fmt.Errorf("make a code: %w", err)
		}
		nonce, err := insertCode(ctx, tx, r, who, given, nonce, s.Now())
		if err != nil {
			return err
		}
		if code, err = s.drawCode(r.ID, nonce); err != nil {
			return err
		}
		return setCodeHash(ctx, tx, r.ID, hashOf(code))
	})
	if err != nil {
		return "", fmt.Errorf("let an app in: %w", err)
	}
	return code, nil
}

// drawCode derives the code, so that it stands nowhere: whoever makes it needs the service
// key and the row.
func (s *Service) drawCode(request uuid.UUID, nonce []byte) (string, error) {
	_, key := s.Ring.Derive(codeLabel)
	drawn, err := hkdf.Key(sha256.New, key, nonce, request.String(), 1024)
	if err != nil {
		return "", fmt.Errorf("make a code: %w", err)
	}
	return token.MintSecret(bytes.NewReader(drawn), codePrefix)
}

func hashOf(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}

// codeRow is what a code stands for.
type codeRow struct {
	request, client, subject, session uuid.UUID
	redirectURI, challenge, nonce     string
	redirectGiven                     bool
	scopes, audiences                 []string
	consentEpoch, clientEpoch         int64
	authenticatedAt                   time.Time
	authenticatedBy                   []string
}

// insertCode adds the row of a request's code, and returns the nonce of the code. If there is
// one that the same sign-in can still use, it stays; one of another sign-in is replaced.
func insertCode(ctx context.Context, tx pgx.Tx, r Request, who Person, given authorization.Consent, nonce []byte, now time.Time) ([]byte, error) {
	err := tx.QueryRow(ctx, `
		INSERT INTO authorization_codes (request_id, hash, nonce, client_id, subject_id, session_id, redirect_uri, redirect_given, challenge, oidc_nonce, scopes, audiences, consent_epoch, client_epoch, amr, auth_time, expires_at)
		VALUES ($1, sha256($2), $2, $3, $4, $5, $6, $16, $7, $8, $9, $10, $11, $17, $12, $13, $14)
		ON CONFLICT (request_id) DO UPDATE SET
			nonce = CASE WHEN authorization_codes.expires_at > $15 AND authorization_codes.session_id = excluded.session_id THEN authorization_codes.nonce ELSE excluded.nonce END,
			expires_at = CASE WHEN authorization_codes.expires_at > $15 AND authorization_codes.session_id = excluded.session_id THEN authorization_codes.expires_at ELSE excluded.expires_at END,
			subject_id = excluded.subject_id, session_id = excluded.session_id, consent_epoch = excluded.consent_epoch, client_epoch = excluded.client_epoch, amr = excluded.amr, auth_time = excluded.auth_time
			WHERE authorization_codes.spent_at IS NULL
		RETURNING nonce`,
		r.ID, nonce, r.Client, who.Account, who.Session, r.RedirectURI, r.Challenge, r.Nonce, orEmpty(r.Scopes), orEmpty(r.Audiences), given.Epoch, orEmpty(who.AuthenticatedBy), who.AuthenticatedAt,
		now.Add(codeLifetime), now, r.RedirectGiven, given.ClientEpoch).Scan(&nonce)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.New(fault.RequestExpired, "You have gone on to the app already. Go back to it, and sign in from there if it asks you to.")
	}
	if err != nil {
		return nil, fmt.Errorf("insert a code: %w", err)
	}
	return nonce, nil
}

func setCodeHash(ctx context.Context, tx pgx.Tx, request uuid.UUID, hash []byte) error {
	if _, err := tx.Exec(ctx, `UPDATE authorization_codes SET hash = $2 WHERE request_id = $1`, request, hash); err != nil {
		return fmt.Errorf("insert a code: %w", err)
	}
	return nil
}

// errSpent means that a code was spent before, or has expired.
var errSpent = errors.New("the code was used before")

// findCode returns what a code stands for. Error: pgx.ErrNoRows.
func findCode(ctx context.Context, db postgres.Querier, code string) (c codeRow, err error) {
	err = db.QueryRow(ctx, `
		SELECT request_id, client_id, subject_id, session_id, redirect_uri, redirect_given, challenge, oidc_nonce, scopes, audiences, consent_epoch, client_epoch, amr, auth_time
		FROM authorization_codes WHERE hash = $1`, hashOf(code)).
		Scan(&c.request, &c.client, &c.subject, &c.session, &c.redirectURI, &c.redirectGiven, &c.challenge, &c.nonce, &c.scopes, &c.audiences, &c.consentEpoch, &c.clientEpoch, &c.authenticatedBy, &c.authenticatedAt)
	return c, err
}

// spend spends a code: one conditional statement, so that of two exchanges at once one wins.
// Error: errSpent.
func spend(ctx context.Context, tx pgx.Tx, request uuid.UUID, now time.Time) error {
	tag, err := tx.Exec(ctx, `UPDATE authorization_codes SET spent_at = $2 WHERE request_id = $1 AND spent_at IS NULL AND expires_at > $2`, request, now)
	if err != nil {
		return fmt.Errorf("spend a code: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return fault.Wrap(fault.InvalidGrant, "The code was used before, or has expired.", errSpent)
	}
	return nil
}

func noteAuthorization(ctx context.Context, tx pgx.Tx, request, authorization uuid.UUID) error {
	if _, err := tx.Exec(ctx, `UPDATE authorization_codes SET authorization_id = $2 WHERE request_id = $1`, request, authorization); err != nil {
		return fmt.Errorf("note what a code gave: %w", err)
	}
	return nil
}

// givenFor returns the authorization that a spent code gave; uuid.Nil if it gave none.
func givenFor(ctx context.Context, db postgres.Querier, request uuid.UUID) (uuid.UUID, error) {
	var id *uuid.UUID
	err := db.QueryRow(ctx, `SELECT authorization_id FROM authorization_codes WHERE request_id = $1`, request).Scan(&id)
	if err != nil || id == nil {
		return uuid.Nil, err
	}
	return *id, nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
