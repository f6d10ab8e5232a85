package rest

import (
	"context"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/request"
)

// security is what an operation requires: openapi.Open() for nothing, or
// doc.Secured(scopes...) for a live token with these scopes. add has it as a parameter,
// so that no route can be added without it.
type security []map[string][]string

// add registers an operation and answers its errors as problems. codes are those beyond
// the ones that every operation has. The domain names a wrong field without knowing where
// it stood, which is the body unless it says "query.".
func add[I, O any](s *Service, required security, op huma.Operation, handle func(context.Context, *I) (*O, error), codes ...fault.Code) {
	op.Security = required
	codes = append(append(openapi.Anywhere(), fault.ValidationFailed), codes...)
	if strings.Contains(op.Path, "{") {
		// What cannot stand in a path is at no route.
		codes = append(codes, fault.RouteNotFound)
	}
	if scopes, secured := requirement(&op); secured {
		codes = append(codes, openapi.TokenCodes(len(scopes) > 0)...)
	}
	op.Responses = openapi.Answers{}
	s.doc.Problems(op.Responses, codes...)
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			p := problem.Of(err)
			for n := range p.Errors {
				if !strings.HasPrefix(p.Errors[n].Location, "query.") {
					p.Errors[n].Location = "body." + p.Errors[n].Location
				}
			}
			request.Note(ctx, p)
			return nil, p
		}
		return out, nil
	})
}
