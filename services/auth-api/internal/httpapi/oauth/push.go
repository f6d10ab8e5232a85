package oauth

import (
	"net/http"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	domain "auth.books.test/services/auth-api/internal/oauth"
)

// pushed is the answer to a pushed authorization request (RFC 9126, section 2.2).
type pushed struct {
	RequestURI string `json:"request_uri" doc:"Send the browser to the authorization endpoint with it and client_id"`
	ExpiresIn  int64  `json:"expires_in" doc:"Seconds in which to send the browser"`
}

// push keeps an authorization request that the client sends directly. What is wrong with it is
// told at once, and not to the person.
func (s *Service) push(c *fiber.Ctx) error {
	f, err := formOf(c, "response_type")
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	who, err := s.caller(c, f)
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	app, err := required(who)
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	uri, refusal, err := s.Codes.Push(c.UserContext(), app, domain.Params(f))
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	if refusal != nil {
		return c.Status(http.StatusBadRequest).JSON(problem.OAuthError{Error: refusal.Error, Description: refusal.Description})
	}
	return c.Status(http.StatusCreated).JSON(pushed{uri, int64(domain.PushedLifetime.Seconds())})
}
