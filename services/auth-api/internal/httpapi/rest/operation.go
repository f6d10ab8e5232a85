package rest

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/request"
)

// need is what a caller needs to show: openapi.Open() for nothing, doc.Secured(scopes...) for a
// live token that has them. No route is added without saying which.
type need []map[string][]string

// add registers an operation. Its errors are answered as problems: those that all have
// whose token is checked, and the codes. What the domain finds wrong with a field it
// names without knowing where it stood: in the body.
func add[I, O any](s *Service, needs need, op huma.Operation, handle func(context.Context, *I) (*O, error), codes ...fault.Code) {
	op.Security = needs
	codes = append(append(openapi.Anywhere(), fault.ValidationFailed), codes...)
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
				p.Errors[n].Location = "body." + p.Errors[n].Location
			}
			request.Note(ctx, p)
			return nil, p
		}
		return out, nil
	})
}
