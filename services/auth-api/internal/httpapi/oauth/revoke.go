package oauth

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/verify"
)

// revoke ends the session of a token (RFC 7009). Anyone who has the token may revoke it,
// just as they may sign out, so client credentials are optional. If they are sent, they
// must be right, and the client can revoke tokens for its own API only.
//
// An unknown token gets the same answer as a revoked one (section 2.2).
func (s *Service) revoke(c *fiber.Ctx) error {
	by, err := s.optionalClient(c)
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	form, err := formOf(c, "token")
	if err == nil {
		err = refuseFormCredentials(form, by)
	}
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	if err := s.end(c.UserContext(), by, form["token"]); err != nil {
		return request.AnswerOAuth(c, err)
	}
	c.Status(http.StatusOK) // SendStatus would write a body.
	return nil
}

func (s *Service) end(ctx context.Context, by *client.Client, token string) error {
	principal, err := s.Verifier.Verify(ctx, token)
	switch {
	case verify.IsDead(err):
		return nil
	case err != nil:
		return fault.Unavailable(err)
	case by != nil && !principal.HasAudience(by.Audience):
		return nil
	}
	subject, err := uuid.Parse(principal.Subject)
	if err != nil {
		return fault.Unavailable(fmt.Errorf("the subject of a token's record: %w", err))
	}
	id, err := uuid.Parse(principal.Authorization)
	if err != nil {
		return fault.Unavailable(fmt.Errorf("the authorization of a token's record: %w", err))
	}
	err = s.Sessions.End(ctx, subject, id, authorization.TokenRevoked)
	if code := fault.CodeOf(err); code == fault.SessionNotFound || code == fault.AccountNotFound {
		return nil // Another request has ended it meanwhile.
	}
	return err
}
