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

// Request is for a new authorization.
type Request struct {
	Kind    Kind
	Subject Subject
	// Client is the program that acts, if it is not the subject itself.
	Client uuid.UUID
	// Parent is what the new one ends with; uuid.Nil for none. It must be of the same
	// subject.
	Parent uuid.UUID
	// Scopes are what the token is to have; none means all that the subject has.
	Scopes []string
	// AuthenticatedBy is how a person was authenticated just now (RFC 8176).
	AuthenticatedBy []string
	// Lifetime is how long it stands at most. A session besides ends when it is idle.
	Lifetime time.Duration
	// Admit, if set, decides once the subject is held whether it may have this.
	Admit func(ctx context.Context, tx pgx.Tx) error
	// Keep, if set, stores what belongs to it, in the same transaction.
	Keep func(ctx context.Context, tx pgx.Tx, a Authorization) error
}

// Issue makes an authorization and its access token. Faults: what Admit and Keep
// return, account_disabled, invalid_client (it is disabled), invalid_scope,
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
			if queued, err = makeRoom(ctx, tx, subject, s.now()); err != nil {
				return err
			}
		}
		if err := insert(ctx, tx, row, hash); err != nil {
			return err
		}
		if r.Keep != nil {
			if err := r.Keep(ctx, tx, row.Authorization); err != nil {
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
	if err := s.settle(ctx, queued); err != nil {
		// What was asked for is there. The relay ends the others as soon as it can.
		s.log.WarnContext(ctx, "sessions that were too many are still to be ended", "error", err)
	}
	return Issued{Authorization: row.Authorization, Token: secret}, nil
}

// decide holds what the authorization hangs on, and fills in the row. It gives the
// subject.
func (s *Service) decide(ctx context.Context, tx pgx.Tx, r Request, row *row) (held, error) {
	if err := holdRoles(ctx, tx); err != nil {
		return held{}, err
	}
	// A sign-in may end another one. Tokens of programs are drawn side by side.
	lock := "FOR SHARE"
	if r.Kind == Session {
		lock = "FOR UPDATE"
	}
	subject, err := subjectRow(ctx, tx, r.Subject, lock)
	if err != nil {
		return held{}, fmt.Errorf("hold subject: %w", err)
	}
	if r.Admit != nil {
		if err := r.Admit(ctx, tx); err != nil {
			return held{}, err
		}
	}
	if subject.endedAt != nil {
		return held{}, ended(r.Subject)
	}
	row.epoch = subject.epoch
	if r.Kind == Personal {
		row.epoch = subject.personalEpoch
	}
	if err := row.through(ctx, tx, r); err != nil {
		return held{}, err
	}
	if err := s.under(ctx, tx, r, row); err != nil {
		return held{}, err
	}
	var accounts []uuid.UUID
	if !r.Subject.Client {
		accounts = append(accounts, r.Subject.ID)
	}
	c, err := s.contents(ctx, tx, accounts, []uuid.UUID{r.Subject.ID})
	if err != nil {
		return held{}, err
	}
	if row.Scopes, row.Audiences, err = c.assigned[r.Subject.ID].choose(!r.Subject.Client, r.Scopes); err != nil {
		return held{}, err
	}
	if r.Kind == App {
		epoch, err := consent(ctx, tx, r.Subject.ID, r.Client, row.Scopes, row.CreatedAt)
		if err != nil {
			return held{}, err
		}
		row.consentEpoch = &epoch
	}
	t := truth{authorization: row.Authorization, client: r.Subject.Client, issuedAt: row.CreatedAt, expiresAt: row.ExpiresAt}
	var known bool
	if row.principal, known = t.principal(c); !known {
		return held{}, fault.New(fault.AccountNotFound, "This account does not exist any more.")
	}
	return subject, nil
}

// through holds the client that acts.
func (w *row) through(ctx context.Context, tx pgx.Tx, r Request) error {
	if r.Client == uuid.Nil {
		return nil
	}
	client, err := subjectRow(ctx, tx, Subject{ID: r.Client, Client: true}, "FOR SHARE")
	if err != nil {
		return fmt.Errorf("hold the client: %w", err)
	}
	if client.endedAt != nil {
		return ended(Subject{Client: true})
	}
	w.clientEpoch = &client.epoch
	return nil
}

// under hangs the authorization on its parent: it ends no later.
func (s *Service) under(ctx context.Context, tx pgx.Tx, r Request, row *row) error {
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

// maxDepth is how many authorizations may hang on one another.
const maxDepth = 8

// discard takes back a record whose authorization did not come to be. Nobody has its
// token, so that it fails is no danger; the record then ends with its lifetime.
func (s *Service) discard(ctx context.Context, hash token.Hash) {
	if err := s.records.Drop(context.WithoutCancel(ctx), hash); err != nil {
		s.log.WarnContext(ctx, "the record of a token that was not issued is left behind", "error", err)
	}
}

func ended(s Subject) error {
	if s.Client {
		return fault.New(fault.InvalidClient, "The client is disabled.")
	}
	return fault.New(fault.AccountDisabled, "This account is disabled.")
}

func notFound() error {
	return fault.New(fault.SessionNotFound, "There is no such session, or it has ended.")
}
