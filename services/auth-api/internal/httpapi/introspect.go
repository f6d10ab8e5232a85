package httpapi

import (
	"context"
	"encoding/json"
	"errors"
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
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	Username  string `json:"username,omitempty"`
	Name      string `json:"name,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Audience  string `json:"aud,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	Session   string `json:"sid,omitempty"`
}

// introspect tells a client whether a token is alive (RFC 7662).
func (s *Server) introspect(c *fiber.Ctx) error {
	who, err := s.client(c)
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	form, err := formOf(c, "token", "token_type_hint")
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
	return c.JSON(map[string][]introspection{"results": results})
}

func tokensOf(c *fiber.Ctx) ([]string, error) {
	if media(c) != fiber.MIMEApplicationJSON {
		return nil, invalidRequest("Send JSON, with Content-Type: application/json.")
	}
	var body struct{ Tokens []string }
	if json.Unmarshal(c.Request().Body(), &body) != nil || body.Tokens == nil {
		return nil, invalidRequest(`Send {"tokens": ["…", "…"]}.`)
	}
	if len(body.Tokens) > maxBatch {
		return nil, invalidRequest("Ask about at most 100 tokens at once.")
	}
	return body.Tokens, nil
}

// look asks about one token. What cannot be found out is an error: a token is
// never called inactive for it.
func (s *Server) look(ctx context.Context, who client.Client, token string) (introspection, error) {
	identity, err := s.verifier.Find(ctx, token)
	switch {
	case errors.Is(err, verify.ErrInvalidToken) && !errors.Is(err, verify.ErrUnavailable), err == nil && !identity.HasAudience(who.Audience):
		s.metrics.introspected("inactive")
		return introspection{}, nil
	case err != nil:
		return introspection{}, fault.Unavailable(err)
	}
	s.metrics.introspected("active")
	s.Sessions.Seen(identity, s.Now())
	return introspection{
		Active: true, Scope: strings.Join(who.Narrow(identity.Scopes), " "), Username: identity.Email, Name: identity.Name, TokenType: "Bearer",
		Expires: identity.EndsAt().Unix(), IssuedAt: identity.IssuedAt.Unix(), Subject: identity.AccountID, Audience: who.Audience, Issuer: s.Issuer, Session: identity.SessionID,
	}, nil
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

// invalidRequest is OAuth's error of that name.
func invalidRequest(detail string) error { return fault.New(fault.MalformedRequest, detail) }

// refuseIntrospection counts what refuseClient answers.
func (s *Server) refuseIntrospection(c *fiber.Ctx, err error) error {
	switch fault.CodeOf(err) {
	case fault.InvalidClient:
		s.metrics.introspected("invalid_client")
	case fault.MalformedRequest:
		s.metrics.introspected("invalid_request")
	default:
		s.metrics.introspected("unavailable")
	}
	return s.refuseClient(c, err)
}

// refuseClient says a fault to a client in OAuth's words (RFC 6749, section 5.2).
func (s *Server) refuseClient(c *fiber.Ctx, err error) error {
	p := problemOf(err)
	keepProblem(c, p)
	switch p.Code {
	case fault.InvalidClient:
		c.Set(fiber.HeaderWWWAuthenticate, `Basic realm="`+realm+`"`)
		return refuse(c, p.Status, "invalid_client", p.Detail)
	case fault.MalformedRequest:
		return refuse(c, p.Status, "invalid_request", p.Detail)
	case fault.StoreUnavailable:
		c.Set(fiber.HeaderRetryAfter, p.header.Get("Retry-After"))
		return refuse(c, p.Status, "temporarily_unavailable", p.Detail)
	default:
		return refuse(c, p.Status, "server_error", p.Detail)
	}
}
