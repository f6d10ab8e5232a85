package authorization

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
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
	// Scopes are the requested scopes; none means all that are assigned to the subject.
	Scopes []string
	// AuthenticatedBy is how a person was authenticated just now (RFC 8176).
	AuthenticatedBy []string
	// Lifetime is how long the authorization lasts at most. A session also has an idle
	// timeout.
	Lifetime time.Duration
	// Admit, if set, is called with the subject locked, and may refuse the request.
	Admit func(ctx context.Context, tx pgx.Tx) error
	// Store, if set, stores related rows in the same transaction.
	Store func(ctx context.Context, tx pgx.Tx, a Authorization) error
}

// Issue creates an authorization and its access token. Faults: those of Admit and Store,
// account_disabled, invalid_client (it is disabled), invalid_scope,
// session_not_found (the parent has ended), store_unavailable.
func (s *Service) Issue(ctx context.Context, r Request) (Issued, error) {
	id, err := uuid.NewV7FromReader(s.random)
	if err != nil {
		return Issued{}, fmt.Errorf("make an authorization's id: %w", err)
	}
	secret, hash, err := s.ring.Mint(s.random, token.Access)
	if err != nil {
		return Issued{}, fmt.Errorf("issue a token: %w", err)
	}
	row := newRow(id, r, s.now().UTC().Truncate(time.Second), s.idle)
	put := false
	var queued []uuid.UUID
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		subject, err := s.decide(ctx, tx, r, row)
		if err != nil {
			return err
		}
		if r.Kind == Session {
			if queued, err = enforceLimit(ctx, tx, subject, s.now()); err != nil {
				return err
			}
		}
		if err := insert(ctx, tx, row, hash); err != nil {
			return err
		}
		if r.Store != nil {
			if err := r.Store(ctx, tx, row.Authorization); err != nil {
				return err
			}
		}
		put = true
		if err := s.records.Put(ctx, hash, row.principal); err != nil {
			return fault.Unavailable(err)
		}
		return nil
	})
	if err != nil {
		if put {
			s.discard(ctx, hash)
		}
		return Issued{}, fmt.Errorf("issue a token: %w", err)
	}
	if err := s.awaitSync(ctx, queued); err != nil {
		// The request itself succeeded. The relay syncs the ended sessions as soon as it can.
		s.log.WarnContext(ctx, "sessions over the limit are ended, but not yet in Redis", "error", err)
	}
	return Issued{Authorization: row.Authorization, Token: secret}, nil
}

// decide locks the subject and everything else that the authorization depends on, checks
// that it may be issued, and fills in the row.
func (s *Service) decide(ctx context.Context, tx pgx.Tx, r Request, row *row) (lockedSubject, error) {
	if err := lockRolesShared(ctx, tx); err != nil {
		return lockedSubject{}, err
	}
	// A sign-in may end another one. Other requests of one subject may run concurrently.
	lock := "FOR SHARE"
	if r.Kind == Session {
		lock = "FOR UPDATE"
	}
	subject, err := subjectRow(ctx, tx, r.Subject, lock)
	if err != nil {
		return lockedSubject{}, fmt.Errorf("lock subject: %w", err)
	}
	if r.Admit != nil {
		if err := r.Admit(ctx, tx); err != nil {
			return lockedSubject{}, err
		}
	}
	if subject.endedAt != nil {
		return lockedSubject{}, disabled(r.Subject)
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
	var accounts []uuid.UUID
	if !r.Subject.Client {
		accounts = append(accounts, r.Subject.ID)
	}
	c, err := s.readSubjectData(ctx, tx, accounts, []uuid.UUID{r.Subject.ID})
	if err != nil {
		return lockedSubject{}, err
	}
	if row.Scopes, row.Audiences, err = c.assigned[r.Subject.ID].choose(!r.Subject.Client, r.Scopes); err != nil {
		return lockedSubject{}, err
	}
	if r.Kind == App {
		epoch, err := recordConsent(ctx, tx, r.Subject.ID, r.Client, row.Scopes, row.CreatedAt)
		if err != nil {
			return lockedSubject{}, err
		}
		row.consentEpoch = &epoch
	}
	t := tokenState{authorization: row.Authorization, client: r.Subject.Client, issuedAt: row.CreatedAt, expiresAt: row.ExpiresAt}
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
	w.clientEpoch = &client.epoch
	return nil
}

// setParent makes the authorization a child of its parent. It expires no later than the
// parent.
func (s *Service) setParent(ctx context.Context, tx pgx.Tx, r Request, row *row) error {
	if r.Parent == uuid.Nil {
		return nil
	}
	var alive bool
	var ends time.Time
	err := tx.QueryRow(ctx, `
		SELECT `+live+`, a.root_id, a.chain,
			(SELECT min(LEAST(x.expires_at, x.idle_expires_at)) FROM authorizations x WHERE x.id = ANY(a.chain))
		FROM authorizations a WHERE a.id = $2 AND a.subject_id = $3`, s.now(), r.Parent, r.Subject.ID).
		Scan(&alive, &row.Root, &row.chain, &ends)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("read the parent: %w", err)
	}
	if err != nil || !alive || len(row.chain) >= maxDepth {
		return notFound()
	}
	row.parent, row.chain = &r.Parent, append(row.chain, row.ID)
	if ends.Before(row.ExpiresAt) {
		row.ExpiresAt = ends
	}
	return nil
}

// maxDepth is the maximum length of a chain of authorizations.
const maxDepth = 8

// discard deletes a record whose authorization was not committed. A failure does no harm:
// nobody has the token, and the record expires.
func (s *Service) discard(ctx context.Context, hash token.Hash) {
	if err := s.records.Drop(context.WithoutCancel(ctx), hash); err != nil {
		s.log.WarnContext(ctx, "the record of a token that was not issued could not be deleted; it expires by itself", "error", err)
	}
}

func disabled(s Subject) error {
	if s.Client {
		return fault.New(fault.InvalidClient, "The client is disabled.")
	}
	return fault.New(fault.AccountDisabled, "This account is disabled.")
}

func notFound() error {
	return fault.New(fault.SessionNotFound, "There is no such session, or it has ended.")
}
