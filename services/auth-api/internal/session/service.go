package session

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

// Service opens, lists and ends sessions.
type Service struct {
	store          *Store
	authorizations *authorization.Service
	lifetime       time.Duration
}

// New makes a Service. lifetime is the longest time a session lives.
func New(store *Store, authorizations *authorization.Service, lifetime time.Duration) *Service {
	return &Service{store: store, authorizations: authorizations, lifetime: lifetime}
}

// Opening is a sign-in whose credentials were checked.
type Opening struct {
	Account uuid.UUID
	// Admit checks them again, in the transaction of the sign-in.
	Admit func(ctx context.Context, tx pgx.Tx) error
	// AuthenticatedBy is how the person was authenticated (RFC 8176).
	AuthenticatedBy []string
	// Scopes are the scopes for the token; none means all that the account has.
	Scopes []string
	// Browser makes a token for a browser's cookie, which is no bearer token.
	Browser bool
	// Session is the one that the browser has; uuid.Nil if it has none. If it is alive and of
	// the same account, it goes on with a new token, and with it all that depends on it.
	Session uuid.UUID
	Origin
}

// Open makes a session, or goes on with the one that the browser has. Faults: what Admit
// returns, account_disabled, invalid_scope, store_unavailable.
func (s *Service) Open(ctx context.Context, o Opening) (Opened, error) {
	if o.Session != uuid.Nil {
		opened, err := s.goOn(ctx, o)
		if fault.CodeOf(err) != fault.SessionNotFound {
			return opened, err
		}
	}
	of := token.Access
	if o.Browser {
		of = token.Browser
	}
	from := Origin{Device: clip(o.Device, maxDevice), IP: o.IP}
	issued, err := s.authorizations.Issue(ctx, audit.Event{Verb: audit.SignIn}, authorization.Request{
		Kind: authorization.Session, Subject: authorization.Account(o.Account), Scopes: o.Scopes,
		AuthenticatedBy: o.AuthenticatedBy, Lifetime: s.lifetime, TokenType: of, Admit: o.Admit,
		Store: func(ctx context.Context, tx pgx.Tx, a authorization.Authorization) error {
			return insert(ctx, tx, a.ID, from)
		},
	})
	if err != nil {
		return Opened{}, fmt.Errorf("open session: %w", err)
	}
	return Opened{Session: Session{issued.Authorization, from}, Token: issued.Token}, nil
}

// goOn gives the browser's session a new token and time of authentication. Faults: those of
// Open, session_not_found (it has ended, or is another account's).
func (s *Service) goOn(ctx context.Context, o Opening) (Opened, error) {
	from := Origin{Device: clip(o.Device, maxDevice), IP: o.IP}
	issued, err := s.authorizations.Reauthenticate(ctx, audit.Event{Verb: audit.SignIn}, authorization.Reauthentication{
		Account: o.Account, Session: o.Session, AuthenticatedBy: o.AuthenticatedBy, Lifetime: s.lifetime, TokenType: token.Browser, Admit: o.Admit,
		Store: func(ctx context.Context, tx pgx.Tx, a authorization.Authorization) error {
			return update(ctx, tx, a.ID, from)
		},
	})
	if err != nil {
		return Opened{}, fmt.Errorf("go on with a session: %w", err)
	}
	return Opened{Session: Session{issued.Authorization, from}, Token: issued.Token}, nil
}

// List returns the account's live sessions, newest first.
func (s *Service) List(ctx context.Context, account uuid.UUID) ([]Session, error) {
	listed, err := s.authorizations.List(ctx, account, authorization.Session)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	origins, err := s.store.origins(ctx, listed)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	sessions := make([]Session, len(listed))
	for n, a := range listed {
		sessions[n] = Session{a, origins[a.ID]}
	}
	return sessions, nil
}

// End ends one session of the account. When it returns nil, its tokens are dead.
// Faults: session_not_found, store_unavailable, change_under_way; see
// authorization.Service.Change.
func (s *Service) End(ctx context.Context, account, id uuid.UUID, reason authorization.Reason) error {
	err := s.authorizations.Change(ctx, authorization.Account(account), audit.Event{Verb: verbOf(reason), Session: id}, func(ctx context.Context, tx *authorization.Tx) error {
		return tx.End(ctx, id, reason)
	})
	if err != nil {
		return fmt.Errorf("end session (%s): %w", reason, err)
	}
	return nil
}

func verbOf(reason authorization.Reason) audit.Verb {
	switch reason {
	case authorization.SignedOut:
		return audit.SignOut
	case authorization.TokenRevoked:
		return audit.RevokeToken
	}
	return audit.EndSession
}

// EndAll ends all sessions of the account except keep; uuid.Nil keeps none. Faults: those
// of End.
func (s *Service) EndAll(ctx context.Context, account, keep uuid.UUID) error {
	err := s.authorizations.Change(ctx, authorization.Account(account), audit.Event{Verb: audit.EndSessions}, func(ctx context.Context, tx *authorization.Tx) error {
		return tx.EndSignIns(ctx, keep)
	})
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}
