package oauth

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/verify"
)

// revoke ends the authorization of a token (RFC 7009): with a refresh token and with each
// access token of it. A program's access token ends alone, since its other tokens are of other
// replicas. Anyone who has the token may revoke it, just as they may sign out, so client
// credentials are optional. If they are sent, they must be right, and the client can revoke
// its own tokens, and those for the API for which it introspects. It is told that it cannot
// revoke others (section 2.1): 200 would mean that they are dead.
//
// An unknown token gets the same answer as a revoked one (section 2.2).
func (s *Service) revoke(c *fiber.Ctx) error {
	f, err := formOf(c, "token")
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	by, err := s.caller(c, f)
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	if err := s.end(c.UserContext(), by, f.get("token")); err != nil {
		return request.AnswerOAuth(c, err)
	}
	c.Status(http.StatusOK) // SendStatus would write a body.
	return nil
}

// asHolder makes the subject of the token the one who acts, unless a client has authenticated:
// it acts for itself.
func asHolder(ctx context.Context, subject authorization.Subject, by *client.Registration) context.Context {
	if by != nil {
		return ctx
	}
	o := audit.Of(ctx)
	if o.Actor = audit.AccountOf(subject.ID); subject.Client {
		o.Actor = audit.Party{Kind: audit.Client, ID: subject.ID}
	}
	return audit.With(ctx, o)
}

func (s *Service) end(ctx context.Context, by *client.Registration, token string) error {
	// Without I/O: the token has a keyed check.
	if presented, err := s.Refreshes.Parse(token); err == nil {
		return s.endFamily(ctx, by, presented.Authorization)
	}
	principal, err := s.Verifier.Verify(ctx, token)
	switch {
	case verify.IsDead(err):
		return nil
	case err != nil:
		return fault.Unavailable(err)
	case by != nil && !mayEnd(*by, principal):
		return notItsOwn()
	}
	subject, err := uuid.Parse(principal.Subject)
	if err != nil {
		return fault.Unavailable(fmt.Errorf("the subject of a token's record: %w", err))
	}
	id, err := uuid.Parse(principal.Authorization)
	if err != nil {
		return fault.Unavailable(fmt.Errorf("the authorization of a token's record: %w", err))
	}
	if principal.Kind == verify.KindClient {
		of := authorization.Subject{ID: subject, Client: true}
		return s.Authorizations.EndToken(asHolder(ctx, of, by), of, principal.Hash, audit.RevokeToken)
	}
	err = s.Sessions.End(asHolder(ctx, authorization.Account(subject), by), subject, id, authorization.TokenRevoked)
	if code := fault.CodeOf(err); code == fault.SessionNotFound || code == fault.AccountNotFound {
		return nil // Another request has ended it meanwhile.
	}
	return err
}

// endFamily ends the authorization of a refresh token.
func (s *Service) endFamily(ctx context.Context, by *client.Registration, id uuid.UUID) error {
	owner, err := s.Authorizations.OwnerOf(ctx, id)
	if err != nil || owner == (authorization.Owner{}) {
		return err
	}
	if by != nil && owner.Client != by.ID {
		return notItsOwn()
	}
	return s.Authorizations.EndOne(asHolder(ctx, owner.Subject, by), id, audit.RevokeToken, authorization.TokenRevoked)
}

func notItsOwn() error {
	return fault.New(fault.UnauthorizedClient, "The token was issued to another client, and is for another API: this client cannot revoke it.")
}

// mayEnd says whether the token was issued to the client, or is for its API.
func mayEnd(by client.Registration, p *verify.Principal) bool {
	id := by.ID.String()
	return p.Client == id || p.Kind == verify.KindClient && p.Subject == id || by.Audience != "" && p.HasAudience(by.Audience)
}
