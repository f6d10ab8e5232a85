package authorization

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// Reauthentication asks for a new token of a session whose person was authenticated again.
type Reauthentication struct {
	Account, Session uuid.UUID
	// AuthenticatedBy is how the person was authenticated this time (RFC 8176).
	AuthenticatedBy []string
	// Lifetime is how long the session lasts from now on at most.
	Lifetime time.Duration
	// TokenType is the type of the token.
	TokenType token.Type
	// Admit, if set, is called with the account locked, and may refuse the request.
	Admit func(ctx context.Context, tx pgx.Tx) error
	// Store, if set, changes related rows in the same transaction.
	Store func(ctx context.Context, tx pgx.Tx, a Authorization) error
}

// Reauthenticate gives a live session a new time of authentication, a new end and a new
// token, and records the act in the same transaction. What depends on the session goes on,
// but its tokens of before end: whoever has a copy of one gains nothing. Faults: those of
// Admit and Store, session_not_found (it has ended, or is another account's),
// account_disabled, store_unavailable.
func (s *Service) Reauthenticate(ctx context.Context, act audit.Event, r Reauthentication) (Issued, error) {
	secret, hash, err := s.ring.Mint(s.random, r.TokenType)
	if err != nil {
		return Issued{}, fmt.Errorf("issue a token: %w", err)
	}
	act = actOn(Account(r.Account), act)
	act.Actor, act.Session = audit.AccountOf(r.Account), r.Session
	var from standing
	var queued []uuid.UUID
	err = s.withNewToken(ctx, hash, func(ctx context.Context, pgTx pgx.Tx) (p verify.Principal, err error) {
		tx := &Tx{Tx: pgTx, now: s.now()}
		if from, err = s.renewSession(ctx, tx, r); err != nil {
			return p, err
		}
		queued = tx.queued
		if r.Store != nil {
			if err := r.Store(ctx, tx, from.Authorization); err != nil {
				return p, err
			}
		}
		d := drawn{hash: hash, issuedAt: from.AuthenticatedAt, expiresAt: from.ExpiresAt}
		if p, err = s.principalOf(ctx, tx, from, d); err != nil {
			return p, err
		}
		from.Scopes, from.Audiences = p.Scopes, p.Audiences
		if err := d.insert(ctx, tx, from.ID); err != nil {
			return p, err
		}
		return p, s.audit.Record(ctx, tx, act)
	})
	if err != nil {
		return Issued{}, fmt.Errorf("issue a token: %w", err)
	}
	if err := s.awaitSync(ctx, queued); err != nil {
		// The request itself succeeded. The relay syncs the ended tokens as soon as it can.
		s.log.WarnContext(ctx, "the tokens that a session had before are ended, but not yet in Redis", "error", err)
	}
	return Issued{Authorization: from.Authorization, Token: secret, TokenExpiresAt: from.ExpiresAt}, nil
}

// renewSession locks the account, and writes a new time of authentication and a new end to
// its session, whose tokens it ends.
func (s *Service) renewSession(ctx context.Context, tx *Tx, r Reauthentication) (from standing, err error) {
	if err := lockRolesShared(ctx, tx); err != nil {
		return standing{}, err
	}
	if tx.subject, err = lockAdmitted(ctx, tx, Account(r.Account), "FOR UPDATE", r.Admit); err != nil {
		return standing{}, err
	}
	from, alive, err := s.standing(ctx, tx, r.Session)
	if err != nil {
		return standing{}, err
	}
	if !alive || from.Subject != r.Account || from.Kind != Session {
		return standing{}, notFound()
	}
	now := tx.now.UTC().Truncate(time.Second)
	from.AuthenticatedBy, from.AuthenticatedAt = r.AuthenticatedBy, now
	from.UsedAt, from.ExpiresAt, from.IdleExpiresAt = now, now.Add(r.Lifetime), now.Add(s.idle)
	_, err = tx.Exec(ctx, `
		UPDATE authorizations SET amr = $2, auth_time = $3, used_at = $3, written_at = $3, expires_at = $4, idle_expires_at = $5 WHERE id = $1`,
		from.ID, from.AuthenticatedBy, now, from.ExpiresAt, from.IdleExpiresAt)
	if err != nil {
		return standing{}, fmt.Errorf("renew a session: %w", err)
	}
	return from, tx.endTokens(ctx, from.ID)
}

// SetMethods notes how the person of a sign-in has been authenticated by now (RFC 8176), and
// rewrites the records of its tokens. One that has ended stays as it was.
func (t *Tx) SetMethods(ctx context.Context, id uuid.UUID, methods []string) error {
	var root uuid.UUID
	err := t.QueryRow(ctx, `
		UPDATE authorizations SET amr = $3, written_at = $4 WHERE id = $1 AND subject_id = $2 AND revoked_at IS NULL RETURNING root_id`,
		id, t.subject.id, methods, t.now).Scan(&root)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("note how a person was authenticated: %w", err)
	}
	return t.queue(ctx, selector{what: selectTree, target: root[:]})
}

// endTokens ends the access tokens of an authorization, which itself stays alive.
func (t *Tx) endTokens(ctx context.Context, authorization uuid.UUID) error {
	rows, err := t.Query(ctx, `DELETE FROM access_tokens WHERE authorization_id = $1 RETURNING hash`, authorization)
	if err != nil {
		return fmt.Errorf("end tokens: %w", err)
	}
	ended, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return fmt.Errorf("end tokens: %w", err)
	}
	for _, hash := range ended {
		if err := t.queue(ctx, selector{what: selectToken, target: hash}); err != nil {
			return err
		}
	}
	return nil
}
