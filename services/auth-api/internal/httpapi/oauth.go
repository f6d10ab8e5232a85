package httpapi

import (
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
)

// oauthError is the body of an error under /oauth (RFC 6749, section 5.2).
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// token is the token endpoint (RFC 6749, section 3.2). Of the grants it knows
// the password form only, and that only where it is switched on: RFC 9700,
// section 2.4, forbids it in production. No client is needed; one that shows
// itself must be known (section 4.3.2).
func (s *Server) token(c *fiber.Ctx) error {
	who, err := s.optionalClient(c)
	if err != nil {
		return s.refuseOAuth(c, err)
	}
	form, err := formOf(c, "grant_type")
	if err == nil {
		err = oneMethod(form, who)
	}
	if err != nil {
		return s.refuseOAuth(c, err)
	}
	if form["grant_type"] != "password" || !s.PasswordGrant {
		return refuse(c, http.StatusBadRequest, "unsupported_grant_type", "This server does not take that grant. People sign in with POST /v1/sessions.")
	}
	if form["username"] == "" || form["password"] == "" {
		return refuse(c, http.StatusBadRequest, "invalid_request", "username and password are needed.")
	}
	opened, err := s.openSession(leaving(c.UserContext()), form["username"], form["password"], form["scope"])
	if err != nil {
		return s.refuseOAuth(c, err)
	}
	c.Set(fiber.HeaderPragma, "no-cache") // RFC 6749, section 5.1
	return c.JSON(s.answerOf(opened))
}

// refuseOAuth says a fault in OAuth's words (RFC 6749, section 5.2). What HTTP
// itself has a status for, such as 405 or 413, keeps it.
func (s *Server) refuseOAuth(c *fiber.Ctx, err error) error {
	p := problemOf(err)
	keepProblem(c, p)
	for name, values := range p.header {
		c.Set(name, values[0])
	}
	switch p.Code {
	case fault.InvalidClient:
		c.Set(fiber.HeaderWWWAuthenticate, `Basic realm="`+realm+`"`)
		return refuse(c, p.Status, "invalid_client", p.Detail)
	case fault.InvalidCredentials, fault.AccountDisabled, fault.ValidationFailed:
		return refuse(c, http.StatusBadRequest, "invalid_grant", p.Detail)
	case fault.InvalidScope:
		return refuse(c, http.StatusBadRequest, "invalid_scope", p.Detail)
	case fault.Busy, fault.StoreUnavailable:
		return refuse(c, p.Status, "temporarily_unavailable", p.Detail)
	}
	if p.Status == http.StatusInternalServerError {
		return refuse(c, p.Status, "server_error", p.Detail)
	}
	return refuse(c, p.Status, "invalid_request", p.Detail)
}

func refuse(c *fiber.Ctx, status int, code, description string) error {
	return c.Status(status).JSON(oauthError{code, describable(description)})
}

// describable keeps to the characters that an error_description may have (RFC
// 6749, section 5.2).
func describable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\', r < ' ', r > '~':
			return '?'
		}
		return r
	}, s)
}
