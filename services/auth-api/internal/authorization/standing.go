package authorization

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// maxTokens is how many tokens of one authorization may be alive at once, except those of a
// program: an app needs one, and a few more while it refreshes.
const maxTokens = 100

// standing is an authorization of which another token is drawn.
type standing struct {
	Authorization
	chain []uuid.UUID
	// ends is the earliest end in its chain, idle timeouts included.
	ends time.Time
	// client says that the subject is a client.
	client bool
}

// standing reads an authorization whose subject is locked. It returns false if it has ended
// or never was.
func (s *Service) standing(ctx context.Context, tx pgx.Tx, id uuid.UUID) (found standing, alive bool, err error) {
	rows, err := tx.Query(ctx, `
		SELECT `+live+`, a.chain, `+chainEnds+`, s.kind = 'client', `+columns+`
		FROM authorizations a JOIN subjects s ON s.id = a.subject_id WHERE a.id = $2`, s.now(), id)
	if err != nil {
		return standing{}, false, fmt.Errorf("read authorization: %w", err)
	}
	found, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (f standing, err error) {
		f.Authorization, err = scan(row, &alive, &f.chain, &f.ends, &f.client)
		return f, err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return standing{}, false, nil
	}
	if err != nil {
		return standing{}, false, fmt.Errorf("read authorization: %w", err)
	}
	return found, alive, nil
}

// Find returns an authorization, and whether it is alive. It locks nothing. Fault:
// session_not_found (there is none).
func (s *Service) Find(ctx context.Context, tx pgx.Tx, id uuid.UUID) (a Authorization, alive bool, err error) {
	found, alive, err := s.standing(ctx, tx, id)
	if err == nil && found.ID == uuid.Nil {
		err = notFound()
	}
	return found.Authorization, alive, err
}

// drawn is another token of a standing authorization.
type drawn struct {
	hash token.Hash
	// scopes and audiences are what the token is for, of what was granted; nil means all.
	scopes, audiences   []string
	issuedAt, expiresAt time.Time
}

// principal returns the content of the token's record. Fault: invalid_grant (the account is
// gone).
func (s *Service) principalOf(ctx context.Context, tx pgx.Tx, from standing, d drawn) (verify.Principal, error) {
	t := tokenState{hash: d.hash, authorization: from.Authorization, client: from.client, issuedAt: d.issuedAt, expiresAt: d.expiresAt}
	if d.scopes != nil {
		t.authorization.Scopes = d.scopes
	}
	if d.audiences != nil {
		t.authorization.Audiences = d.audiences
	}
	c, err := s.subjectDataOf(ctx, tx, []tokenState{t})
	if err != nil {
		return verify.Principal{}, err
	}
	p, known := t.principal(c)
	if !known {
		return verify.Principal{}, invalidGrant()
	}
	return p, nil
}

// insertToken changes nothing if the token is there already, which a retry has drawn again.
const insertToken = `
	INSERT INTO access_tokens (hash, authorization_id, scopes, audiences, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (hash) DO NOTHING`

// columns are the arguments of insertToken.
func (d drawn) columns(authorization uuid.UUID) []any {
	return []any{d.hash[:], authorization, d.scopes, d.audiences, d.issuedAt, d.expiresAt}
}

func (d drawn) insert(ctx context.Context, tx pgx.Tx, authorization uuid.UUID) error {
	if _, err := tx.Exec(ctx, insertToken, d.columns(authorization)...); err != nil {
		return fmt.Errorf("insert token: %w", err)
	}
	return nil
}

// countTokens counts the authorization's tokens that have not expired, and those of them
// that were issued since then.
func countTokens(ctx context.Context, tx pgx.Tx, authorization uuid.UUID, now, since time.Time) (alive, recent int, err error) {
	err = tx.QueryRow(ctx, `
		SELECT count(*), count(*) FILTER (WHERE issued_at >= $3) FROM access_tokens WHERE authorization_id = $1 AND expires_at > $2`,
		authorization, now, since).Scan(&alive, &recent)
	if err != nil {
		return 0, 0, fmt.Errorf("count tokens: %w", err)
	}
	return alive, recent, nil
}

// invalidGrant is the same fault for a refresh token that never was, has ended, or is of
// another client.
func invalidGrant() error {
	return fault.New(fault.InvalidGrant, "The grant has expired, was used before, was ended, or belongs to another client. Sign in again.")
}

func tooManyTokens(wait time.Duration) error {
	f := fault.New(fault.TooManyTokens, "Too many tokens of this client are alive, or were issued just now. Use a token until it expires, then ask for the next.")
	f.RetryAfter = wait
	return f
}
