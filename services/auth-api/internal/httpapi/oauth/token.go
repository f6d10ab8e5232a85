package oauth

import (
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
)

// token is the token endpoint (RFC 6749, section 3.2). Of the grants it knows
// the password form only, and that only where it is switched on: RFC 9700,
// section 2.4, forbids it in production. No client is needed; one that shows
// itself must be known (section 4.3.2).
func (s *Service) token(c *fiber.Ctx) error {
	who, err := s.optionalClient(c)
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	form, err := formOf(c, "grant_type")
	if err == nil {
		err = oneMethod(form, who)
	}
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	if form["grant_type"] != "password" || !s.PasswordGrant {
		return request.AnswerOAuth(c, fault.New(fault.UnsupportedGrantType, "This server does not take that grant. People sign in with POST /v1/sessions."))
	}
	if form["username"] == "" || form["password"] == "" {
		return request.AnswerOAuth(c, invalidRequest("username and password are needed."))
	}
	opened, err := signin.WithPassword(c.UserContext(), s.Login, form["username"], form["password"], form["scope"])
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	c.Set(fiber.HeaderPragma, "no-cache") // RFC 6749, section 5.1
	return c.JSON(signin.Answer(opened, s.Now()))
}
