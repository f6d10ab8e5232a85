package httpapi

import (
	"net/http"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
)

const formType = "application/x-www-form-urlencoded"

// oauthError is the body of an error at the token endpoint (RFC 6749, section 5.2).
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// token is the token endpoint (RFC 6749, section 3.2). Of the grants it knows
// the password form only, and that only where it is switched on: RFC 9700,
// section 2.4, forbids it in production.
func (s *Server) token(c *fiber.Ctx) error {
	form, err := formOf(c, "grant_type", "username", "password", "scope")
	if err != nil {
		return refuse(c, http.StatusBadRequest, "invalid_request", problemOf(err).Detail)
	}
	if form["grant_type"] != "password" || !s.PasswordGrant {
		return refuse(c, http.StatusBadRequest, "unsupported_grant_type", "This server does not take that grant. People sign in with POST /v1/sessions.")
	}
	if form["username"] == "" || form["password"] == "" {
		return refuse(c, http.StatusBadRequest, "invalid_request", "username and password are needed.")
	}
	opened, err := s.openSession(leaving(c.UserContext()), form["username"], form["password"], form["scope"])
	if err != nil {
		return s.refuseFor(c, err)
	}
	return c.JSON(s.answerOf(opened))
}

// refuseFor says a fault in OAuth's words.
func (s *Server) refuseFor(c *fiber.Ctx, err error) error {
	p := problemOf(err)
	keepProblem(c, p)
	switch p.Code {
	case fault.InvalidCredentials, fault.AccountDisabled, fault.ValidationFailed:
		return refuse(c, http.StatusBadRequest, "invalid_grant", p.Detail)
	case fault.InvalidScope:
		return refuse(c, http.StatusBadRequest, "invalid_scope", p.Detail)
	case fault.Busy, fault.StoreUnavailable:
		c.Set(fiber.HeaderRetryAfter, p.header.Get("Retry-After"))
		return refuse(c, p.Status, "temporarily_unavailable", p.Detail)
	default:
		return refuse(c, p.Status, "server_error", p.Detail)
	}
}

func refuse(c *fiber.Ctx, status int, code, description string) error {
	return c.Status(status).JSON(oauthError{code, description})
}
