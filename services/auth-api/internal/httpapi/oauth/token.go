package oauth

import (
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
)

// token is the token endpoint (RFC 6749, section 3.2). Its only grant is the password
// grant, and only if that is enabled: RFC 9700, section 2.4, forbids it in production.
// Client credentials are optional; if sent, they must be right (section 4.3.2).
func (s *Service) token(c *fiber.Ctx) error {
	who, err := s.optionalClient(c)
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	form, err := formOf(c, "grant_type")
	if err == nil {
		err = refuseFormCredentials(form, who)
	}
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	if form["grant_type"] != "password" || !s.PasswordGrant {
		return request.AnswerOAuth(c, fault.New(fault.UnsupportedGrantType, "This server does not support the grant type. People sign in with POST /v1/sessions."))
	}
	if form["username"] == "" || form["password"] == "" {
		return request.AnswerOAuth(c, invalidRequest("username and password are required."))
	}
	opened, err := signin.WithPassword(c.UserContext(), s.Login, form["username"], form["password"], form["scope"])
	if err != nil {
		return request.AnswerOAuth(c, err)
	}
	c.Set(fiber.HeaderPragma, "no-cache") // RFC 6749, section 5.1
	return c.JSON(signin.Answer(opened, s.Now()))
}
