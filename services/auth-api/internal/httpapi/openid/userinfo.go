package openid

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/idtoken"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/fiberbearer"
)

// info is the answer of userinfo (OpenID Connect Core, section 5.3.2).
type info struct {
	Subject string `json:"sub" format:"uuid" doc:"The account's id; never changes"`
	idtoken.Person
}

// userInfo says who the person of an access token is: by the header, or by the form (RFC
// 6750, sections 2.1 and 2.2).
func (s *Service) userInfo(c *fiber.Ctx) error {
	given, refusal := s.credentials(c)
	if refusal != nil {
		return request.Answer(c, problem.Of(refusal))
	}
	principal, refusal := s.guard.Check(c.UserContext(), given, authorization.ScopeOpenID)
	if refusal == nil {
		refusal = s.guard.Account(c.UserContext(), principal)
	}
	if refusal != nil {
		return request.Answer(c, problem.Of(refusal))
	}
	account, err := uuid.Parse(principal.Subject)
	if err != nil {
		return request.Answer(c, problem.Of(fault.Unavailable(fmt.Errorf("the subject of a token's record: %w", err))))
	}
	person, err := s.People.Person(c.UserContext(), account, principal.Scopes)
	if err != nil {
		return request.Answer(c, problem.Of(err))
	}
	return c.JSON(info{Subject: principal.Subject, Person: person})
}

// credentials are those of the header, or of a form that is posted. Both at once are an
// error.
func (s *Service) credentials(c *fiber.Ctx) (bearer.Credentials, *bearer.Refusal) {
	given := fiberbearer.Credentials(c)
	if c.Method() != fiber.MethodPost || request.Media(c) != fiber.MIMEApplicationForm {
		return given, nil
	}
	form, err := url.ParseQuery(string(c.Request().Body()))
	if err != nil {
		return given, s.malformed("The form cannot be read.")
	}
	tokens := form["access_token"]
	switch {
	case len(tokens) == 0:
		return given, nil
	case len(tokens) > 1 || given.Headers > 0:
		return given, s.malformed("Send the access token once: in the header or in the form.")
	}
	given.Authorization, given.Headers = "Bearer "+strings.TrimSpace(tokens[0]), 1
	return given, nil
}

// malformed refuses a request whose token nobody can tell. RFC 6750, section 3, wants a
// challenge with it.
func (s *Service) malformed(detail string) *bearer.Refusal {
	return &bearer.Refusal{
		Status: bearer.MalformedRequest.Status(), Code: bearer.MalformedRequest, Detail: detail, Challenge: fmt.Sprintf("Bearer realm=%q, error=%q", s.Realm, "invalid_request"),
	}
}
