package oauth

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/httpapi/strictjson"
)

const (
	// maxBatch is how many tokens one request may ask about.
	maxBatch = 100
	// batchParallel is how many tokens of a batch are verified at once.
	batchParallel = 8
)

// introspections is the body of the answer to a batch.
type introspections struct {
	Results []introspection `json:"results" nullable:"false" doc:"In the order of the tokens"`
}

// tokensBody is the body of a batch.
type tokensBody struct {
	Tokens []*string `json:"tokens"` // null is not a string
}

// introspectBatch is introspect for up to 100 tokens at once. It is not part of any
// standard: RFC 6749, section 3.1, forbids repeating a parameter, so it takes JSON.
func (s *Service) introspectBatch(c *fiber.Ctx) error {
	who, err := s.client(c)
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	tokens, err := tokensOf(c)
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	results, err := s.introspectAll(c.UserContext(), who, tokens)
	if err != nil {
		return s.refuseIntrospection(c, err)
	}
	return c.JSON(introspections{results})
}

func tokensOf(c *fiber.Ctx) ([]string, error) {
	if err := refuseQuery(c); err != nil {
		return nil, err
	}
	if request.Media(c) != fiber.MIMEApplicationJSON {
		return nil, invalidRequest("Send JSON in UTF-8, with Content-Type: application/json.")
	}
	var body tokensBody
	err := strictjson.Unmarshal(c.Request().Body(), &body)
	switch f := strictjson.Fault(""); {
	case errors.As(err, &f) && f != strictjson.UnknownField && f != strictjson.WrongType:
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

// introspectAll returns the results of all tokens in their order, or an error.
func (s *Service) introspectAll(ctx context.Context, who client.Client, tokens []string) ([]introspection, error) {
	results, failures := make([]introspection, len(tokens)), make([]error, batchParallel)
	var all sync.WaitGroup
	for worker := range min(batchParallel, len(tokens)) {
		all.Go(func() {
			for n := worker; n < len(tokens) && failures[worker] == nil; n += batchParallel {
				results[n], failures[worker] = s.introspectOne(ctx, who, tokens[n])
			}
		})
	}
	all.Wait()
	return results, errors.Join(failures...)
}
