package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

// Exchange is a token request with a code (RFC 6749, section 4.1.3), of a client that was
// authenticated.
type Exchange struct {
	App         client.App
	Code        string
	RedirectURI string
	// Verifier is that of PKCE.
	Verifier string
	// Resources narrow the access token (RFC 8707, section 2.2).
	Resources []string
}

// Tokens are what an app gets.
type Tokens struct {
	authorization.Issued
	// Nonce is that of the request, and SignIn the session in which the person let the app
	// in: both for the ID token.
	Nonce  string
	SignIn uuid.UUID
}

// Exchange issues the tokens of a code. A code that is used twice ends what it gave (RFC
// 6749, section 4.1.2), and so does a wrong PKCE verifier: nobody who guesses has a second
// try. Faults: invalid_grant, malformed_request, invalid_target, store_unavailable.
func (s *Service) Exchange(ctx context.Context, e Exchange) (Tokens, error) {
	if !e.App.May(client.AuthorizationCode) {
		return Tokens{}, notAllowed()
	}
	if e.Verifier != "" && !isVerifier(e.Verifier) {
		return Tokens{}, fault.New(fault.MalformedRequest, "code_verifier has 43 to 128 letters, digits and -._~ (RFC 7636, section 4.1).")
	}
	c, err := s.find(ctx, e)
	if err != nil {
		return Tokens{}, err
	}
	if !c.provedBy(e) {
		return Tokens{}, s.burn(ctx, c)
	}
	var audiences []string
	if len(e.Resources) > 0 {
		if audiences, err = s.Target(ctx, e.Resources, c.audiences); err != nil {
			return Tokens{}, err
		}
	}
	issued, err := s.Authorizations.Issue(ctx, audit.Event{Verb: audit.SignInToApp}, s.requestFor(e.App, c, audiences))
	switch {
	case errors.Is(err, errSpent):
		return Tokens{}, s.endReplayed(ctx, c)
	case fault.CodeOf(err) == fault.SessionNotFound, fault.CodeOf(err) == fault.AccountDisabled, fault.CodeOf(err) == fault.AccountNotFound:
		// The session from which the app was let in has ended, or its person's account.
		return Tokens{}, invalidGrant()
	case err != nil:
		return Tokens{}, fmt.Errorf("exchange a code: %w", err)
	}
	return Tokens{Issued: issued, Nonce: c.nonce, SignIn: c.session}, nil
}

func (s *Service) requestFor(app client.App, c codeRow, audiences []string) authorization.Request {
	r := authorization.Request{
		Kind: authorization.App, Subject: authorization.Account(c.subject), Client: app.ID, Scopes: c.scopes, Audiences: orEmpty(c.audiences), TokenAudiences: audiences, ConsentEpoch: c.consentEpoch, ClientEpoch: c.clientEpoch,
		AuthenticatedBy: c.authenticatedBy, AuthenticatedAt: c.authenticatedAt, Lifetime: s.RefreshLifetime, TokenLifetime: s.AccessLifetime, Refreshable: app.May(client.RefreshToken),
		Parent: c.session,
		Admit:  func(ctx context.Context, tx pgx.Tx) error { return spend(ctx, tx, c.request, s.Now()) },
		Store: func(ctx context.Context, tx pgx.Tx, a authorization.Authorization) error {
			return noteAuthorization(ctx, tx, c.request, a.ID)
		},
	}
	if slices.Contains(c.scopes, authorization.ScopeOfflineAccess) {
		// It outlives the session, which has to be alive only now.
		r.Parent, r.While = uuid.Nil, c.session
	}
	if !r.Refreshable {
		r.Lifetime = s.AccessLifetime
	}
	return r
}

// find returns what the code stands for, if it is the client's.
func (s *Service) find(ctx context.Context, e Exchange) (c codeRow, err error) {
	err = s.DB.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		c, err = findCode(ctx, db, e.Code)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && c.client != e.App.ID {
			return invalidGrant()
		}
		return err
	})
	if err != nil {
		return codeRow{}, fmt.Errorf("find a code: %w", err)
	}
	return c, nil
}

// provedBy says whether the token request comes from whoever made the authorization request.
func (c codeRow) provedBy(e Exchange) bool {
	if e.RedirectURI != c.redirectURI && (c.redirectGiven || e.RedirectURI != "") {
		return false
	}
	if c.challenge == "" || e.Verifier == "" {
		// A verifier without a challenge means that somebody has stripped the challenge from
		// the request (RFC 9700, section 4.8.2).
		return c.challenge == "" && e.Verifier == ""
	}
	sum := sha256.Sum256([]byte(e.Verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(c.challenge)) == 1
}

// burn spends a code that somebody could not prove, and returns invalid_grant.
func (s *Service) burn(ctx context.Context, c codeRow) error {
	err := s.DB.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error { return spend(ctx, tx, c.request, s.Now()) })
	switch {
	case errors.Is(err, errSpent):
		return s.endReplayed(ctx, c)
	case err != nil:
		return fmt.Errorf("burn a code: %w", err)
	}
	return invalidGrant()
}

// endReplayed ends what a code gave that was used twice, and returns invalid_grant.
func (s *Service) endReplayed(ctx context.Context, c codeRow) error {
	var given uuid.UUID
	err := s.DB.One(ctx, func(ctx context.Context, db postgres.Querier) (err error) {
		given, err = givenFor(ctx, db, c.request)
		return err
	})
	if err == nil && given != uuid.Nil {
		err = s.Authorizations.EndOne(ctx, given, audit.EndReused, authorization.CodeReused)
	}
	if err != nil {
		return fmt.Errorf("end what a code gave: %w", err)
	}
	return invalidGrant()
}

// isVerifier is RFC 7636, section 4.1.
func isVerifier(s string) bool {
	return len(s) >= 43 && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("-._~", r)
	})
}

func invalidGrant() error {
	return fault.New(fault.InvalidGrant, "The code is wrong, has expired, was used before, or belongs to another request. Sign in again.")
}

func notAllowed() error {
	return fault.New(fault.UnauthorizedClient, "This client may not use this grant: an administrator allows it.")
}
