package httpapi

import (
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
)

// oauthError is the body of an error under /oauth (RFC 6749, section 5.2).
type oauthError struct {
	Error       string `json:"error" doc:"What went wrong. Branch on this"`
	Description string `json:"error_description" doc:"What is wrong and what to do"`
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
		return refuse(c, http.StatusBadRequest, oauthUnsupportedGrant, "This server does not take that grant. People sign in with POST /v1/sessions.")
	}
	if form["username"] == "" || form["password"] == "" {
		return refuse(c, http.StatusBadRequest, oauthInvalidRequest, "username and password are needed.")
	}
	opened, err := s.openSession(leaving(c.UserContext()), form["username"], form["password"], form["scope"])
	if err != nil {
		return s.refuseOAuth(c, err)
	}
	c.Set(fiber.HeaderPragma, "no-cache") // RFC 6749, section 5.1
	return c.JSON(s.answerOf(opened))
}

// refuseOAuth says a fault in OAuth's words (RFC 6749, section 5.2).
func (s *Server) refuseOAuth(c *fiber.Ctx, err error) error {
	p := problemOf(err)
	keepProblem(c, p)
	for name, values := range p.header {
		c.Set(name, values[0])
	}
	if p.Code == fault.InvalidClient {
		c.Set(fiber.HeaderWWWAuthenticate, `Basic realm="`+realm+`"`)
	}
	status, name := oauthOf(p.Code)
	return refuse(c, status, name, p.Detail)
}

// The names of errors under /oauth.
const (
	oauthInvalidRequest   = "invalid_request"
	oauthInvalidClient    = "invalid_client"
	oauthInvalidGrant     = "invalid_grant"
	oauthInvalidScope     = "invalid_scope"
	oauthUnsupportedGrant = "unsupported_grant_type"
	oauthUnavailable      = "temporarily_unavailable"
	oauthServerError      = "server_error"
)

func oauthErrors() []any {
	return []any{oauthInvalidRequest, oauthInvalidClient, oauthInvalidGrant, oauthInvalidScope, oauthUnsupportedGrant, oauthUnavailable, oauthServerError}
}

// oauthOf is OAuth's status and name of a fault. What HTTP itself has a status for,
// such as 405 or 413, keeps it.
func oauthOf(code fault.Code) (status int, name string) {
	switch status = statusOf(code); code {
	case fault.InvalidClient:
		return status, oauthInvalidClient
	case fault.InvalidCredentials, fault.AccountDisabled, fault.ValidationFailed:
		return http.StatusBadRequest, oauthInvalidGrant
	case fault.InvalidScope:
		return http.StatusBadRequest, oauthInvalidScope
	case fault.Busy, fault.StoreUnavailable, fault.ChangeUnderWay:
		return status, oauthUnavailable
	}
	if status == http.StatusInternalServerError {
		return status, oauthServerError
	}
	return status, oauthInvalidRequest
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
