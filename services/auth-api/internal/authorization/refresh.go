package authorization

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/refresh"
	"auth.books.test/verify/token"
)

// Renewal asks for the next tokens of an authorization.
type Renewal struct {
	// Refresh is the token as the client sent it.
	Refresh string
	// Client is the one that was authenticated.
	Client uuid.UUID
	// Scopes are those of the new access token; none means all that were granted. Audiences
	// are those of its APIs; nil means all.
	Scopes, Audiences []string
	// TokenLifetime is how long the new access token lives at most.
	TokenLifetime time.Duration
}

// renewed is what a refresh leads to.
type renewed struct {
	next   refresh.Token
	access token.Token
	drawn  drawn
}

// errReused means that a refresh token was used after the grace window of its successor.
var errReused = errors.New("a refresh token was used again")

// Refresh exchanges a refresh token for its successor and an access token. Within 30 s the
// same token gets the same successor; later its use ends the authorization, since either
// its client or somebody else has stolen tokens (RFC 9700, section 4.14.2). A lost answer, a
// crash, or a store that fails in between leaves a state in which the same request succeeds
// again. Faults: invalid_grant, invalid_scope, invalid_target, too_many_tokens,
// store_unavailable.
func (s *Service) Refresh(ctx context.Context, r Renewal) (Issued, error) {
	presented, err := s.refreshes.Parse(r.Refresh)
	if err != nil {
		return Issued{}, invalidGrant()
	}
	var issued Issued
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		issued, err = s.renew(ctx, tx, presented, r)
		return err
	})
	if errors.Is(err, errReused) {
		return Issued{}, s.endReused(ctx, presented.Authorization)
	}
	if err != nil {
		return Issued{}, fmt.Errorf("refresh: %w", err)
	}
	return issued, nil
}

// renew is Refresh in one transaction. It never deletes a record that it has written: if the
// outcome of the commit is unknown, a retry draws the same access token.
func (s *Service) renew(ctx context.Context, tx pgx.Tx, presented refresh.Token, r Renewal) (Issued, error) {
	if err := lockRolesShared(ctx, tx); err != nil {
		return Issued{}, err
	}
	from, err := s.lockStanding(ctx, tx, presented.Authorization, r.Client)
	if err != nil {
		return Issued{}, err
	}
	f, err := lockFamily(ctx, tx, presented.Authorization)
	if err != nil {
		return Issued{}, err
	}
	now := s.now().UTC().Truncate(time.Second)
	if from, err = s.useAncestors(ctx, tx, from, now); err != nil {
		return Issued{}, err
	}
	d := drawn{issuedAt: now, expiresAt: earliest(now.Add(r.TokenLifetime), from.ends)}
	if len(r.Scopes) > 0 {
		if d.scopes, err = narrower(from.Scopes, r.Scopes); err != nil {
			return Issued{}, err
		}
	}
	for _, audience := range r.Audiences {
		if !slices.Contains(from.Audiences, audience) {
			return Issued{}, fault.New(fault.InvalidTarget, "A refresh cannot ask for an API that was not granted.")
		}
	}
	d.audiences = r.Audiences
	made, err := s.draw(ctx, tx, presented, f, d)
	if err != nil {
		return Issued{}, err
	}
	principal, err := s.principalOf(ctx, tx, from, made.drawn)
	if err != nil {
		return Issued{}, err
	}
	if err := made.drawn.insert(ctx, tx, from.ID); err != nil {
		return Issued{}, err
	}
	if err := s.records.Put(ctx, made.drawn.hash, principal); err != nil {
		return Issued{}, fault.Unavailable(err)
	}
	from.Scopes, from.Audiences = principal.Scopes, principal.Audiences
	return Issued{Authorization: from.Authorization, Token: made.access, TokenExpiresAt: made.drawn.expiresAt, Refresh: made.next}, nil
}

// lockStanding locks the subject of an authorization, and the client that acts in it, and
// reads the authorization. Fault: invalid_grant.
func (s *Service) lockStanding(ctx context.Context, tx pgx.Tx, id, client uuid.UUID) (standing, error) {
	var subject uuid.UUID
	err := tx.QueryRow(ctx, `SELECT subject_id FROM authorizations WHERE id = $1 AND client_id = $2`, id, client).Scan(&subject)
	if errors.Is(err, pgx.ErrNoRows) {
		return standing{}, invalidGrant()
	}
	if err != nil {
		return standing{}, fmt.Errorf("find authorization: %w", err)
	}
	if _, err := readSubject(ctx, tx, subject, "FOR UPDATE"); err != nil {
		return standing{}, fmt.Errorf("lock subject: %w", err)
	}
	if _, err := readSubject(ctx, tx, client, "FOR SHARE"); err != nil {
		return standing{}, fmt.Errorf("lock the client: %w", err)
	}
	from, alive, err := s.standing(ctx, tx, id)
	if err == nil && !alive {
		err = invalidGrant()
	}
	return from, err
}

// draw makes the successor of the presented token, or the same one again within the grace
// window. Error: errReused.
func (s *Service) draw(ctx context.Context, tx pgx.Tx, presented refresh.Token, f family, d drawn) (renewed, error) {
	hash, err := s.refreshes.Hash(presented)
	if err != nil {
		return renewed{}, fmt.Errorf("read a refresh token: %w", err)
	}
	switch made, again := f.rotationOf(presented.Generation, hash); {
	case presented.Generation == f.generation && hash == f.hash:
		return s.drawNext(ctx, tx, presented, hash, f, d)
	case again:
		return s.drawAgain(ctx, tx, presented, made.nonce[:], f.hashOf(presented.Generation+1), d)
	case presented.Generation > f.generation:
		// Postgres was restored to a time before this token: nobody has used it twice.
		return renewed{}, invalidGrant()
	}
	return renewed{}, fault.Wrap(fault.InvalidGrant, "The refresh token was used before.", errReused)
}

func (s *Service) drawNext(ctx context.Context, tx pgx.Tx, presented refresh.Token, presentedHash refresh.Hash, f family, d drawn) (renewed, error) {
	alive, _, err := countTokens(ctx, tx, presented.Authorization, d.issuedAt, d.issuedAt)
	if err != nil {
		return renewed{}, err
	}
	if alive >= maxTokens {
		return renewed{}, tooManyTokens(d.expiresAt.Sub(d.issuedAt) / 2)
	}
	made := rotation{generation: presented.Generation, hash: presentedHash, at: f.now}
	if _, err := io.ReadFull(s.random, made.nonce[:]); err != nil {
		return renewed{}, fmt.Errorf("make a nonce: %w", err)
	}
	next, random, err := s.refreshes.Successor(presented, made.nonce[:])
	if err != nil {
		return renewed{}, err
	}
	hash, err := s.refreshes.Hash(next)
	if err != nil {
		return renewed{}, err
	}
	access, accessHash, err := s.ring.Mint(random, token.Access)
	if err != nil {
		return renewed{}, err
	}
	if err := f.rotate(ctx, tx, presented.Authorization, made, next.Generation, hash); err != nil {
		return renewed{}, err
	}
	d.hash = accessHash
	return renewed{next, access, d}, nil
}

// drawAgain draws what was drawn before for the presented token.
func (s *Service) drawAgain(ctx context.Context, tx pgx.Tx, presented refresh.Token, nonce []byte, want refresh.Hash, d drawn) (renewed, error) {
	next, random, found, err := s.refreshes.SuccessorWithHash(presented, nonce, want)
	if err != nil {
		return renewed{}, err
	}
	if !found {
		// The service key with which it was drawn is gone. Nobody has used the token twice.
		return renewed{}, invalidGrant()
	}
	access, hash, err := s.ring.Mint(random, token.Access)
	if err != nil {
		return renewed{}, err
	}
	d.hash = hash
	// The retry gets the token as it was issued the first time.
	err = tx.QueryRow(ctx, `SELECT scopes, audiences, issued_at, expires_at FROM access_tokens WHERE hash = $1`, hash[:]).
		Scan(&d.scopes, &d.audiences, &d.issuedAt, &d.expiresAt)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return renewed{}, fmt.Errorf("read a token: %w", err)
	}
	return renewed{next, access, d}, nil
}

// useAncestors counts a refresh as a use of the authorization and all its ancestors: an app
// in use keeps the session alive on which it depends. It returns the authorization with the
// ends that its chain has then.
func (s *Service) useAncestors(ctx context.Context, tx pgx.Tx, from standing, now time.Time) (standing, error) {
	// To the minute: it decides only which app makes room for one more.
	if _, err := tx.Exec(ctx, `UPDATE authorizations SET used_at = $2 WHERE id = $1 AND used_at < $3`, from.ID, now, now.Add(-time.Minute)); err != nil {
		return standing{}, fmt.Errorf("note a use: %w", err)
	}
	if len(from.chain) == 1 {
		return from, nil
	}
	rows, err := tx.Query(ctx, `
		UPDATE authorizations SET used_at = $2, written_at = $2, idle_expires_at = LEAST($3, expires_at)
		WHERE id = ANY($1) AND idle_expires_at < LEAST($4, expires_at) RETURNING id`,
		from.chain, now, now.Add(s.idle), now.Add(s.idle-s.idle/scansPerIdle))
	if err != nil {
		return standing{}, fmt.Errorf("extend idle timeouts: %w", err)
	}
	moved, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return standing{}, fmt.Errorf("extend idle timeouts: %w", err)
	}
	if len(moved) == 0 {
		return from, nil
	}
	if _, err := s.sync(ctx, tx, moved, nil, s.records.Replace); err != nil {
		return standing{}, err
	}
	from, alive, err := s.standing(ctx, tx, from.ID)
	if err == nil && !alive {
		err = invalidGrant()
	}
	return from, err
}

// endReused ends an authorization whose refresh token was used again, and returns
// invalid_grant when that is done.
func (s *Service) endReused(ctx context.Context, id uuid.UUID) error {
	if err := s.EndOne(ctx, id, audit.EndReused, RefreshReused); err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	return invalidGrant()
}

// narrower returns the wanted scopes, which all must have been granted (RFC 6749, section
// 6). Fault: invalid_scope.
func narrower(granted, wanted []string) ([]string, error) {
	for _, w := range wanted {
		if !slices.Contains(granted, w) {
			return nil, fault.New(fault.InvalidScope, "A refresh cannot ask for scopes that were not granted. Leave scope out to get all that were.")
		}
	}
	return sorted(slices.Clone(wanted)), nil
}
