package authorization

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// live is the SQL condition that the authorization a is alive at $1: nothing in its chain
// has ended, and the epochs of its root, clients and consents are current. IS DISTINCT FROM
// is needed where a row may be missing: <> would be null, and NOT EXISTS would count the
// authorization as alive.
const live = `(a.expires_at > $1 AND NOT EXISTS (
	SELECT FROM authorizations x
		JOIN subjects s ON s.id = x.subject_id
		LEFT JOIN subjects c ON c.id = x.client_id
		LEFT JOIN consents k ON k.subject_id = x.subject_id AND k.client_id = x.client_id
	WHERE x.id = ANY(a.chain) AND (
		x.revoked_at IS NOT NULL OR x.expires_at <= $1 OR x.idle_expires_at <= $1
		OR s.ended_at IS NOT NULL OR c.ended_at IS NOT NULL
		OR (x.client_id IS NOT NULL AND c.epoch IS DISTINCT FROM x.client_epoch)
		OR (x.consent_epoch IS NOT NULL AND k.epoch IS DISTINCT FROM x.consent_epoch)
		OR (x.parent_id IS NULL AND x.epoch <> CASE x.kind WHEN 'personal' THEN s.personal_epoch ELSE s.epoch END))))`

// tokenState is the state of an access token in Postgres.
type tokenState struct {
	hash          token.Hash
	alive         bool
	authorization Authorization
	client        bool // the subject is a client
	issuedAt      time.Time
	expiresAt     time.Time
}

// tokenStates reads the state of the authorizations' tokens that have not expired, or of
// only these.
func (s *Service) tokenStates(ctx context.Context, tx pgx.Tx, authorizations []uuid.UUID, only []token.Hash) ([]tokenState, error) {
	rows, err := tx.Query(ctx, `
		SELECT t.hash, `+live+`, s.kind = 'client', t.issued_at, t.expires_at, t.scopes, t.audiences, `+columns+`
		FROM access_tokens t JOIN authorizations a ON a.id = t.authorization_id JOIN subjects s ON s.id = a.subject_id
		WHERE t.authorization_id = ANY($2) AND t.expires_at > $1 AND ($3::bytea[] IS NULL OR t.hash = ANY($3))`,
		s.now(), authorizations, raw(only))
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (tokenState, error) {
		var t tokenState
		var hash []byte
		var scopes, audiences []string // of the token; nil if they are the authorization's
		var err error
		if t.authorization, err = scan(row, &hash, &t.alive, &t.client, &t.issuedAt, &t.expiresAt, &scopes, &audiences); err != nil {
			return tokenState{}, err
		}
		if scopes != nil {
			t.authorization.Scopes = scopes
		}
		if audiences != nil {
			t.authorization.Audiences = audiences
		}
		t.hash, err = token.HashFrom(hash)
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", err)
	}
	return all, nil
}

// columns are the columns of an Authorization in the table a, in the order of scan.
const columns = `a.id, a.kind, a.subject_id, a.client_id, a.root_id, a.scopes, a.audiences, a.amr, a.auth_time, a.created_at, a.used_at, a.idle_expires_at, a.expires_at`

// scan reads the columns before into first, then columns.
func scan(row pgx.CollectableRow, first ...any) (a Authorization, err error) {
	var client *uuid.UUID
	var authenticated, idle *time.Time
	err = row.Scan(append(first, &a.ID, &a.Kind, &a.Subject, &client, &a.Root, &a.Scopes, &a.Audiences, &a.AuthenticatedBy, &authenticated,
		&a.CreatedAt, &a.UsedAt, &idle, &a.ExpiresAt)...)
	a.Client, a.AuthenticatedAt, a.IdleExpiresAt = orZero(client), orZero(authenticated), orZero(idle)
	return a, err
}

// subjectData is the data for records that other packages own.
type subjectData struct {
	people   map[uuid.UUID]verify.Account
	assigned map[uuid.UUID]Scopes
}

func (s *Service) readSubjectData(ctx context.Context, tx pgx.Tx, accounts, subjects []uuid.UUID) (c subjectData, err error) {
	if c.people, err = s.people.People(ctx, tx, accounts); err != nil {
		return subjectData{}, err
	}
	c.assigned, err = s.assignments.Assigned(ctx, tx, subjects)
	return c, err
}

// subjectDataOf reads the data for the live tokens.
func (s *Service) subjectDataOf(ctx context.Context, tx pgx.Tx, alive []tokenState) (subjectData, error) {
	var accounts, subjects []uuid.UUID
	for _, t := range alive {
		subjects = append(subjects, t.authorization.Subject)
		if !t.client {
			accounts = append(accounts, t.authorization.Subject)
		}
	}
	return s.readSubjectData(ctx, tx, distinct(accounts), distinct(subjects))
}

// principal returns the content of the token's record; false if the account is missing.
func (t tokenState) principal(c subjectData) (verify.Principal, bool) {
	a := t.authorization
	p := verify.Principal{
		Kind: verify.KindClient, Subject: a.Subject.String(), Authorization: a.ID.String(), IssuedAt: t.issuedAt,
		AuthenticatedAt: a.AuthenticatedAt, AuthenticatedBy: a.AuthenticatedBy, ExpiresAt: t.expiresAt, IdleExpiresAt: a.IdleExpiresAt, Hash: t.hash,
	}
	if a.Client != uuid.Nil {
		p.Client = a.Client.String()
	}
	p.Scopes, p.Audiences = c.assigned[a.Subject].narrow(a.Scopes, a.Audiences)
	if t.client {
		return p, true
	}
	p.Kind = verify.KindAccount
	var found bool
	p.Account, found = c.people[a.Subject]
	return p, found
}

func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func distinct(ids []uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

// raw converts hashes for a query. It keeps nil, which means no condition.
func raw(hashes []token.Hash) [][]byte {
	if hashes == nil {
		return nil
	}
	out := make([][]byte, len(hashes))
	for n := range hashes {
		out[n] = hashes[n][:]
	}
	return out
}
