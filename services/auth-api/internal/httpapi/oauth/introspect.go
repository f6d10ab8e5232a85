package oauth

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/verify"
)

// introspection is the result for one token (RFC 7662, section 2.2). For a token that is
// dead, or not for the client's API, it has no field but active.
type introspection struct {
	Active   bool   `json:"active" doc:"Whether the token is alive and for the client's API. If false, there is no other field"`
	Scope    string `json:"scope,omitempty" doc:"The token's scopes of the client's API, separated by spaces"`
	Username string `json:"username,omitempty" doc:"The account's e-mail address"`
	// Verified is a pointer, so that false is said and not left out.
	Verified  *bool  `json:"email_verified,omitempty" doc:"Whether the address was proved to be the person's. If not, somebody else may have registered it: give no rights to it. Absent for a client's own token"`
	Name      string `json:"name,omitempty" doc:"What the person wants to be called, if anything"`
	TokenType string `json:"token_type,omitempty" enum:"Bearer"`
	Expires   int64  `json:"exp,omitempty" doc:"Unix seconds: when the token ends if it is not used before"`
	IssuedAt  int64  `json:"iat,omitempty" doc:"Unix seconds: when the person signed in"`
	Subject   string `json:"sub,omitempty" format:"uuid" doc:"The account's id; never changes"`
	Audience  string `json:"aud,omitempty" doc:"The client's API"`
	Issuer    string `json:"iss,omitempty" doc:"The service's URL (AUTH_API_ISSUER), if set"`
	Session   string `json:"sid,omitempty" format:"uuid" doc:"Public id of the session"`
	Client    string `json:"client_id,omitempty" format:"uuid" doc:"The client through which the person acts, or the client itself; absent if no client is involved"`
	// AuthTime and ACR are defined by RFC 9470, section 6.2, AuthMethods by RFC 8176.
	AuthTime    int64    `json:"auth_time,omitempty" doc:"Unix seconds: when the person last authenticated; absent for a client's own token"`
	AuthMethods []string `json:"amr,omitempty" doc:"How the person authenticated, as RFC 8176 names it"`
	ACR         string   `json:"acr,omitempty" doc:"The class of the sign-in: that of PAPE for one with a second factor; absent for others"`
}

// introspect tells a client whether a token is alive (RFC 7662).
func (s *Service) introspect(c *fiber.Ctx) error {
	who, err := s.client(c)
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	form, err := formOf(c, "token")
	if err == nil {
		err = refuseFormCredentials(form, who)
	}
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	answer, err := s.introspectOne(c.UserContext(), who, form.get("token"))
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	return c.JSON(answer)
}

// introspectOne verifies one token for a client. If the token cannot be checked, that is
// an error, and never "inactive".
func (s *Service) introspectOne(ctx context.Context, who client.Client, token string) (introspection, error) {
	principal, err := s.Verifier.Verify(ctx, token)
	switch {
	case verify.IsDead(err), err == nil && !principal.HasAudience(who.Audience):
		s.count("inactive")
		return introspection{}, nil
	case err != nil:
		return introspection{}, fault.Unavailable(err)
	}
	s.count("active")
	answer := introspection{
		Active: true, Scope: strings.Join(who.Narrow(principal.Scopes), " "), Username: principal.Email, Name: principal.Name, TokenType: "Bearer",
		Expires: principal.EndsAt().Unix(), IssuedAt: principal.IssuedAt.Unix(), Subject: principal.Subject, Audience: who.Audience, Issuer: s.Issuer, Session: principal.Authorization,
		Client: principal.Client, AuthMethods: principal.AuthenticatedBy, ACR: verify.ACR(principal.AuthenticatedBy),
	}
	if !principal.AuthenticatedAt.IsZero() {
		answer.AuthTime = principal.AuthenticatedAt.Unix()
	}
	if principal.Kind == verify.KindClient {
		answer.Client = principal.Subject
	} else {
		answer.Verified = &principal.EmailVerified
	}
	return answer, nil
}

// refuseIntrospection answers with an error and counts it.
func (s *Service) refuseIntrospection(c *fiber.Ctx, err error) error {
	switch fault.CodeOf(err) {
	case fault.InvalidClient, fault.TooManyAttempts: // of wrong secrets
		s.count("invalid_client")
	case fault.MalformedRequest:
		s.count("invalid_request")
	default:
		s.count("unavailable")
	}
	return request.AnswerOAuth(c, err)
}

func (s *Service) count(result string) { s.introspections.WithLabelValues(result).Inc() }
