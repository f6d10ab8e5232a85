package authorization

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

const (
	// programLifetime is how long the standing authorization of a client lasts. Then the
	// next token begins another one.
	programLifetime = 10 * 365 * 24 * time.Hour
	// drawLock is the advisory lock of a client that draws a token ("draw" in ASCII).
	drawLock = 0x64726177
)

// Drawing asks for a token of a client itself (RFC 6749, section 4.4).
type Drawing struct {
	Client uuid.UUID
	// Scopes are the requested scopes; none means all that are assigned to the client.
	Scopes []string
	// Audiences are those of the APIs that the token may be for; nil means all.
	Audiences []string
	Lifetime  time.Duration
	// PerSecond and Alive are how many tokens the client may draw in a second, and how many
	// of them may be alive.
	PerSecond, Alive int
}

// Draw issues a token of a client itself. All of them hang on one standing authorization,
// which ends with the client. Above its limits the client is refused: if the oldest token
// ended instead, one script would stop a fleet. Faults: invalid_client (it is disabled),
// invalid_scope, too_many_tokens, store_unavailable.
func (s *Service) Draw(ctx context.Context, d Drawing) (Issued, error) {
	secret, hash, err := s.ring.Mint(s.random, token.Access)
	if err != nil {
		return Issued{}, fmt.Errorf("draw a token: %w", err)
	}
	var issued Issued
	err = s.withNewToken(ctx, hash, func(ctx context.Context, tx pgx.Tx) (p verify.Principal, err error) {
		from, made, err := s.decideDraw(ctx, tx, d, hash)
		if err != nil {
			return p, err
		}
		if p, err = s.principalOf(ctx, tx, from, made); err != nil {
			return p, err
		}
		from.Scopes, from.Audiences = p.Scopes, p.Audiences
		issued = Issued{Authorization: from.Authorization, Token: secret, TokenExpiresAt: made.expiresAt}
		return p, made.insert(ctx, tx, from.ID)
	})
	if err != nil {
		return Issued{}, fmt.Errorf("draw a token: %w", err)
	}
	return issued, nil
}

// decideDraw locks the client, and decides what its next token is for.
func (s *Service) decideDraw(ctx context.Context, tx pgx.Tx, d Drawing, hash token.Hash) (standing, drawn, error) {
	if err := lockRolesShared(ctx, tx); err != nil {
		return standing{}, drawn{}, err
	}
	// One at a time, so that the limits count; others of the client are not held up.
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, hashtext($2::text))`, drawLock, d.Client.String()); err != nil {
		return standing{}, drawn{}, fmt.Errorf("lock the client's tokens: %w", err)
	}
	subject, err := lockAdmitted(ctx, tx, Subject{ID: d.Client, Client: true}, "FOR SHARE", nil)
	if err != nil {
		return standing{}, drawn{}, err
	}
	from, err := s.program(ctx, tx, subject)
	if err != nil {
		return standing{}, drawn{}, err
	}
	now := s.now().UTC().Truncate(time.Second)
	alive, recent, err := countTokens(ctx, tx, from.ID, now, now)
	switch {
	case err != nil:
		return standing{}, drawn{}, err
	case recent >= d.PerSecond:
		return standing{}, drawn{}, tooManyTokens(time.Second)
	case alive >= d.Alive:
		return standing{}, drawn{}, tooManyTokens(time.Minute)
	}
	c, err := s.readSubjectData(ctx, tx, nil, []uuid.UUID{d.Client})
	if err != nil {
		return standing{}, drawn{}, err
	}
	made := drawn{hash: hash, issuedAt: now, expiresAt: earliest(now.Add(d.Lifetime), from.ends)}
	made.scopes, made.audiences, err = c.assigned[d.Client].choose(Request{Subject: Subject{Client: true}, Scopes: d.Scopes, Audiences: d.Audiences})
	return from, made, err
}

// program returns the standing authorization of a client, and makes it if there is none.
func (s *Service) program(ctx context.Context, tx pgx.Tx, subject lockedSubject) (standing, error) {
	var id uuid.UUID
	err := tx.QueryRow(ctx, `
		SELECT id FROM authorizations
		WHERE subject_id = $1 AND epoch = $2 AND parent_id IS NULL AND revoked_at IS NULL AND kind = 'service' AND expires_at > $3
		ORDER BY id DESC LIMIT 1`, subject.id, subject.epoch, s.now()).Scan(&id)
	if err == nil {
		from, _, err := s.standing(ctx, tx, id)
		return from, err
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return standing{}, fmt.Errorf("find the client's authorization: %w", err)
	}
	if id, err = uuid.NewV7FromReader(s.random); err != nil {
		return standing{}, fmt.Errorf("make an authorization's id: %w", err)
	}
	now := s.now().UTC().Truncate(time.Second)
	w := newRow(id, Request{Kind: Program, Subject: Subject{ID: subject.id, Client: true}, Lifetime: programLifetime}, now, s.idle)
	w.epoch, w.Scopes, w.Audiences = subject.epoch, []string{}, []string{}
	if _, err := tx.Exec(ctx, insertAuthorization, w.columns()...); err != nil {
		return standing{}, fmt.Errorf("insert the client's authorization: %w", err)
	}
	return standing{Authorization: w.Authorization, chain: w.chain, ends: w.ExpiresAt, client: true}, nil
}

// shortenProgram lets the standing authorization of a client that was ended end with its
// last token, so that Sweep deletes the row: its lifetime is ten years.
func (t *Tx) shortenProgram(ctx context.Context, epoch int64) error {
	_, err := t.Exec(ctx, `
		UPDATE authorizations a SET expires_at = LEAST(a.expires_at, coalesce((SELECT max(t.expires_at) FROM access_tokens t WHERE t.authorization_id = a.id), $3))
		WHERE subject_id = $1 AND epoch = $2 AND parent_id IS NULL AND revoked_at IS NULL AND kind = 'service'`, t.subject.id, epoch, t.now)
	if err != nil {
		return fmt.Errorf("shorten a client's authorization: %w", err)
	}
	return nil
}
