package authorization

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/refresh"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// Request asks for a new authorization.
type Request struct {
	Kind    Kind
	Subject Subject
	// Client is the program that acts, if it is not the subject itself.
	Client uuid.UUID
	// Parent is an authorization of the same subject with which the new one ends; uuid.Nil
	// for none.
	Parent uuid.UUID
	// While is another authorization of the subject that has to be alive when the new one is
	// made; uuid.Nil for none.
	While uuid.UUID
	// Scopes are the requested scopes; none means all that are assigned to the subject.
	Scopes []string
	// Audiences are those of the APIs that the authorization may be for; nil means all.
	// TokenAudiences are those of the first token, if it is for fewer.
	Audiences, TokenAudiences []string
	// ConsentEpoch is that of the consent that the person has given to an app; 0 records one.
	ConsentEpoch int64
	// ClientEpoch is that of the client when the person was asked; 0 is any.
	ClientEpoch int64
	// AuthenticatedBy is how the person was authenticated (RFC 8176), and AuthenticatedAt
	// when; the zero time means just now.
	AuthenticatedBy []string
	AuthenticatedAt time.Time
	// Lifetime is how long the authorization lasts at most. A session also has an idle
	// timeout.
	Lifetime time.Duration
	// TokenType is the type of the token; "" means token.Access.
	TokenType token.Type
	// TokenLifetime is how long the token lives at most; zero means as long as the
	// authorization.
	TokenLifetime time.Duration
	// Refreshable also makes a refresh token.
	Refreshable bool
	// Admit, if set, is called with the subject locked, and may refuse the request.
	Admit func(ctx context.Context, tx pgx.Tx) error
	// Store, if set, stores related rows in the same transaction.
	Store func(ctx context.Context, tx pgx.Tx, a Authorization) error
}

// Issue creates an authorization and its access token, and records the act in the same
// transaction. A sign-in is an act of the account itself. Faults: those of Admit and Store,
// account_disabled, invalid_client (it is disabled), invalid_scope,
// session_not_found (the parent has ended), store_unavailable.
func (s *Service) Issue(ctx context.Context, act audit.Event, r Request) (Issued, error) {
	id, err := uuid.NewV7FromReader(s.random)
	if err != nil {
		return Issued{}, fmt.Errorf("make an authorization's id: %w", err)
	}
	secret, hash, err := s.ring.Mint(s.random, cmp.Or(r.TokenType, token.Access))
	if err != nil {
		return Issued{}, fmt.Errorf("issue a token: %w", err)
	}
	var renewal refresh.Token
	row := newRow(id, r, s.now().UTC().Truncate(time.Second), s.idle)
	var queued []uuid.UUID
	err = s.withNewToken(ctx, hash, func(ctx context.Context, tx pgx.Tx) (none verify.Principal, err error) {
		subject, err := s.decide(ctx, tx, r, row)
		if err != nil {
			return none, err
		}
		if queued, err = enforceLimit(ctx, tx, subject, row, s.now()); err != nil {
			return none, err
		}
		if err := insert(ctx, tx, row, hash); err != nil {
			return none, err
		}
		if r.Refreshable {
			if renewal, err = s.beginFamily(ctx, tx, row.ID); err != nil {
				return none, err
			}
		}
		if r.Store != nil {
			if err := r.Store(ctx, tx, row.Authorization); err != nil {
				return none, err
			}
		}
		return row.principal, s.audit.Record(ctx, tx, issued(actOn(r.Subject, act), row))
	})
	if err != nil {
		return Issued{}, fmt.Errorf("issue a token: %w", err)
	}
	if err := s.awaitSync(ctx, queued); err != nil {
		// The request itself succeeded. The relay syncs the ended sessions as soon as it can.
		s.log.WarnContext(ctx, "sessions over the limit are ended, but not yet in Redis", "error", err)
	}
	made := row.Authorization
	// The token may be for less than the authorization.
	made.Scopes, made.Audiences = row.principal.Scopes, row.principal.Audiences
	return Issued{Authorization: made, Token: secret, TokenExpiresAt: row.tokenExpiresAt, Refresh: renewal}, nil
}

// issued completes the event of a new authorization.
func issued(act audit.Event, w *row) audit.Event {
	if w.Kind == Session {
		act.Actor, act.Session = audit.AccountOf(w.Subject), w.ID
	}
	return act
}

// decide locks the subject and everything else that the authorization depends on, checks
// that it may be issued, and fills in the row.
func (s *Service) decide(ctx context.Context, tx pgx.Tx, r Request, row *row) (lockedSubject, error) {
	if err := lockRolesShared(ctx, tx); err != nil {
		return lockedSubject{}, err
	}
	// A sign-in may end another one, and an app's authorization another one of the same app;
	// personal access tokens are counted.
	// Other requests of one subject may run concurrently.
	lock := "FOR SHARE"
	if r.Kind == Session || r.Kind == App || r.Kind == Personal {
		lock = "FOR UPDATE"
	}
	subject, err := lockAdmitted(ctx, tx, r.Subject, lock, r.Admit)
	if err != nil {
		return lockedSubject{}, err
	}
	row.epoch = subject.epoch
	if r.Kind == Personal {
		row.epoch = subject.personalEpoch
	}
	if err := row.setClient(ctx, tx, r); err != nil {
		return lockedSubject{}, err
	}
	if err := s.setParent(ctx, tx, r, row); err != nil {
		return lockedSubject{}, err
	}
	if err := s.checkWhile(ctx, tx, r); err != nil {
		return lockedSubject{}, err
	}
	var accounts []uuid.UUID
	if !r.Subject.Client {
		accounts = append(accounts, r.Subject.ID)
	}
	c, err := s.readSubjectData(ctx, tx, accounts, []uuid.UUID{r.Subject.ID})
	if err != nil {
		return lockedSubject{}, err
	}
	if row.Scopes, row.Audiences, err = c.assigned[r.Subject.ID].choose(r); err != nil {
		return lockedSubject{}, err
	}
	if r.Kind == App {
		epoch := r.ConsentEpoch
		if epoch > 0 {
			err = checkConsent(ctx, tx, r.Subject.ID, r.Client, epoch)
		} else {
			epoch, err = recordConsent(ctx, tx, r.Subject.ID, r.Client, row.Scopes, row.CreatedAt)
		}
		if err != nil {
			return lockedSubject{}, err
		}
		row.consentEpoch = &epoch
	}
	t := tokenState{authorization: row.Authorization, client: r.Subject.Client, issuedAt: row.CreatedAt, expiresAt: row.tokenExpiresAt}
	if row.tokenAudiences = r.TokenAudiences; row.tokenAudiences != nil {
		t.authorization.Audiences = row.tokenAudiences
	}
	var known bool
	if row.principal, known = t.principal(c); !known {
		return lockedSubject{}, fault.New(fault.AccountNotFound, "This account does not exist any more.")
	}
	return subject, nil
}

// setClient locks the client that acts and sets its epoch.
func (w *row) setClient(ctx context.Context, tx pgx.Tx, r Request) error {
	if r.Client == uuid.Nil {
		return nil
	}
	client, err := subjectRow(ctx, tx, Subject{ID: r.Client, Client: true}, "FOR SHARE")
	if err != nil {
		return fmt.Errorf("lock the client: %w", err)
	}
	if client.endedAt != nil {
		return disabled(Subject{Client: true})
	}
	if r.ClientEpoch > 0 && r.ClientEpoch != client.epoch {
		return invalidGrant() // All that the client had was ended meanwhile.
	}
	w.clientEpoch = &client.epoch
	return nil
}

// setParent makes the authorization a child of its parent. It and its token expire no later
// than the parent.
func (s *Service) setParent(ctx context.Context, tx pgx.Tx, r Request, row *row) error {
	if r.Parent == uuid.Nil {
		return nil
	}
	var alive bool
	var last, ends time.Time // without and with idle timeouts
	err := tx.QueryRow(ctx, `
		SELECT `+live+`, a.root_id, a.chain,
			(SELECT min(x.expires_at) FROM authorizations x WHERE x.id = ANY(a.chain)), `+chainEnds+`
		FROM authorizations a WHERE a.id = $2 AND a.subject_id = $3`, s.now(), r.Parent, r.Subject.ID).
		Scan(&alive, &row.Root, &row.chain, &last, &ends)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("read the parent: %w", err)
	}
	if err != nil || !alive || len(row.chain) >= maxDepth {
		return notFound()
	}
	row.parent, row.chain = &r.Parent, append(row.chain, row.ID)
	row.tokenExpiresAt = earliest(row.tokenExpiresAt, ends)
	// What can be refreshed outlives a token whose session is used again before its idle
	// timeout.
	if !r.Refreshable {
		last = ends
	}
	row.ExpiresAt = earliest(row.ExpiresAt, last)
	return nil
}

// chainEnds is the SQL expression for the earliest end in the chain of the authorization a,
// idle timeouts included: no token of it lives longer.
const chainEnds = `(SELECT min(LEAST(x.expires_at, x.idle_expires_at)) FROM authorizations x WHERE x.id = ANY(a.chain))`

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// checkWhile checks that the authorization is alive while which the new one is made.
func (s *Service) checkWhile(ctx context.Context, tx pgx.Tx, r Request) error {
	if r.While == uuid.Nil {
		return nil
	}
	var alive bool
	err := tx.QueryRow(ctx, `SELECT `+live+` FROM authorizations a WHERE a.id = $2 AND a.subject_id = $3`, s.now(), r.While, r.Subject.ID).Scan(&alive)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("read the authorization that has to be alive: %w", err)
	}
	if !alive {
		return notFound()
	}
	return nil
}

// maxDepth is the maximum length of a chain of authorizations.
const maxDepth = 8

func disabled(s Subject) error {
	if s.Client {
		return fault.New(fault.InvalidClient, "The client is disabled.")
	}
	return fault.New(fault.AccountDisabled, "This account is disabled.")
}

func notFound() error {
	return fault.New(fault.SessionNotFound, "There is no such session, or it has ended.")
}
