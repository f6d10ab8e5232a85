package httpapi

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify"
)

const (
	// maxBatch is how many tokens one request may ask about.
	maxBatch = 100
	// batchParallel is how many of them are asked of Redis at once.
	batchParallel = 8
)

// introspection is the answer for one token (RFC 7662, section 2.2). Of a token
// that is not alive, or not for the API that asks, nothing but active is told.
type introspection struct {
	Active    bool   `json:"active" doc:"Whether the token is alive and for the API that asks. If not, nothing else is told"`
	Scope     string `json:"scope,omitempty" doc:"Those of the API that asks, with spaces"`
	Username  string `json:"username,omitempty" doc:"The account's e-mail address"`
	Name      string `json:"name,omitempty" doc:"What the person wants to be called, if anything"`
	TokenType string `json:"token_type,omitempty" enum:"Bearer"`
	Expires   int64  `json:"exp,omitempty" doc:"Unix seconds: when the token ends if it is not used until then"`
	IssuedAt  int64  `json:"iat,omitempty" doc:"Unix seconds: when the person signed in"`
	Subject   string `json:"sub,omitempty" format:"uuid" doc:"The account's id; never changes"`
	Audience  string `json:"aud,omitempty" doc:"The API that asks"`
	Issuer    string `json:"iss,omitempty" doc:"The service's URL (AUTH_API_ISSUER), where that is set"`
	Session   string `json:"sid,omitempty" format:"uuid" doc:"Public id of the session"`
	Client    string `json:"client_id,omitempty" format:"uuid" doc:"The client through which the person acts, or which acts for itself; absent if there is none"`
	// AuthTime is of RFC 9470, section 6.2; AuthMethods of RFC 8176.
	AuthTime    int64    `json:"auth_time,omitempty" doc:"Unix seconds: when the person last proved who they are; absent if no person did"`
	AuthMethods []string `json:"amr,omitempty" doc:"How, as RFC 8176 names it"`
}

// introspections are the answer to a batch.
type introspections struct {
	Results []introspection `json:"results" nullable:"false" doc:"In the order of the tokens"`
}

// tokensBody is the body of a batch.
type tokensBody struct {
	Tokens []*string `json:"tokens"` // null is not a string
}

// introspect tells a client whether a token is alive (RFC 7662).
func (s *Server) introspect(c *fiber.Ctx) error {
	who, err := s.client(c)
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	form, err := formOf(c, "token")
	if err == nil {
		err = oneMethod(form, &who)
	}
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	answer, err := s.look(c.UserContext(), who, form["token"])
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	return c.JSON(answer)
}

// introspectBatch is introspect for up to 100 tokens at once, of our own making:
// RFC 6749, section 3.1, forbids a parameter that is there twice.
func (s *Server) introspectBatch(c *fiber.Ctx) error {
	who, err := s.client(c)
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	tokens, err := tokensOf(c)
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	results, err := s.lookAll(c.UserContext(), who, tokens)
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	return c.JSON(introspections{results})
}

func tokensOf(c *fiber.Ctx) ([]string, error) {
	if err := inBody(c); err != nil {
		return nil, err
	}
	if media(c) != fiber.MIMEApplicationJSON {
		return nil, invalidRequest("Send JSON in UTF-8, with Content-Type: application/json.")
	}
	var body tokensBody
	err := unmarshalStrict(c.Request().Body(), &body)
	switch f := bodyFault(""); {
	case errors.As(err, &f) && f != unknownField && f != wrongType:
		return nil, invalidRequest(f.Error())
	case err != nil, body.Tokens == nil, slices.Contains(body.Tokens, nil):
		return nil, invalidRequest(`Send an object with the one field tokens, a list of strings.`)
	case len(body.Tokens) > maxBatch:
		return nil, invalidRequest("Ask about at most 100 tokens at once.")
	}
	tokens := make([]string, len(body.Tokens))
	for i, token := range body.Tokens {
		tokens[i] = *token
	}
	return tokens, nil
}

// look asks about one token. What cannot be found out is an error: a token is
// never called inactive for it.
func (s *Server) look(ctx context.Context, who client.Client, token string) (introspection, error) {
	principal, err := s.verifier.Verify(ctx, token)
	switch {
	case errors.Is(err, verify.ErrInvalidToken) && !errors.Is(err, verify.ErrUnavailable), err == nil && !principal.HasAudience(who.Audience):
		s.metrics.introspected("inactive")
		return introspection{}, nil
	case err != nil:
		return introspection{}, fault.Unavailable(err)
	}
	s.metrics.introspected("active")
	answer := introspection{
		Active: true, Scope: strings.Join(who.Narrow(principal.Scopes), " "), Username: principal.Email, Name: principal.Name, TokenType: "Bearer",
		Expires: principal.EndsAt().Unix(), IssuedAt: principal.IssuedAt.Unix(), Subject: principal.Subject, Audience: who.Audience, Issuer: s.Issuer, Session: principal.Authorization,
		Client: principal.Client, AuthMethods: principal.AuthenticatedBy,
	}
	if !principal.AuthenticatedAt.IsZero() {
		answer.AuthTime = principal.AuthenticatedAt.Unix()
	}
	if principal.Kind == verify.KindClient {
		answer.Client = principal.Subject
	}
	return answer, nil
}

// lookAll answers in the order of the tokens, or not at all.
func (s *Server) lookAll(ctx context.Context, who client.Client, tokens []string) ([]introspection, error) {
	results, failures := make([]introspection, len(tokens)), make([]error, batchParallel)
	var all sync.WaitGroup
	for worker := range min(batchParallel, len(tokens)) {
		all.Go(func() {
			for n := worker; n < len(tokens) && failures[worker] == nil; n += batchParallel {
				results[n], failures[worker] = s.look(ctx, who, tokens[n])
			}
		})
	}
	all.Wait()
	return results, errors.Join(failures...)
}

// refuseIntrospection counts what refuseOAuth answers.
func (s *Server) refuseIntrospection(c *fiber.Ctx, err error) error {
	switch fault.CodeOf(err) {
	case fault.InvalidClient:
		s.metrics.introspected("invalid_client")
	case fault.MalformedRequest:
		s.metrics.introspected("invalid_request")
	default:
		s.metrics.introspected("unavailable")
	}
	return s.refuseOAuth(c, err)
}
