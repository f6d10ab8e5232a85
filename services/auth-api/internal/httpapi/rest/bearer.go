package rest

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/fiberbearer"
)

// callerKey is where a request's context holds its caller.
type callerKey struct{}

// caller is who asks, in a request that was let through.
type caller struct {
	*verify.Principal
	account, session uuid.UUID
}

// authorise lets a request through if its token is alive and has the scopes
// that the operation asks for.
func (s *Service) authorise(ctx huma.Context, next func(huma.Context)) {
	scopes, secured := requirement(ctx.Operation())
	if !secured {
		next(ctx)
		return
	}
	fiber := humafiber.UnwrapV2(ctx)
	who, err := s.identify(ctx.Context(), fiberbearer.Credentials(fiber), scopes)
	if err != nil {
		// Fiber's buffer is written to directly: huma would have to negotiate.
		_ = request.Answer(fiber, problem.Of(err))
		return
	}
	next(huma.WithValue(ctx, callerKey{}, who))
}

func requirement(op *huma.Operation) (scopes []string, secured bool) {
	for _, scheme := range op.Security {
		if scopes, secured = scheme[openapi.Bearer]; secured {
			return scopes, true
		}
	}
	return nil, false
}

// newGuard accepts a token for any API: everyone may ask whose token it is, and end it.
func newGuard(o Options) *bearer.Guard {
	return bearer.New(bearer.Options{Verifier: o.Verifier, Audience: bearer.AnyAudience, Realm: o.Realm})
}

func (s *Service) identify(ctx context.Context, given bearer.Credentials, scopes []string) (caller, error) {
	principal, refusal := s.guard.Check(ctx, given, scopes...)
	if refusal != nil {
		return caller{}, refusal
	}
	return s.callerOf(ctx, principal)
}

// callerOf is for what is about a person's account: a program has none.
func (s *Service) callerOf(ctx context.Context, principal *verify.Principal) (who caller, err error) {
	if refusal := s.guard.Account(ctx, principal); refusal != nil {
		return caller{}, refusal
	}
	who.Principal = principal
	if who.account, err = uuid.Parse(principal.Subject); err == nil {
		who.session, err = uuid.Parse(principal.Authorization)
	}
	if err != nil {
		return caller{}, fault.Unavailable(errors.New("a token's record names no account"))
	}
	return who, nil
}

// who is the caller, whom authorise has put into the context.
func who(ctx context.Context) (caller, error) {
	c, found := ctx.Value(callerKey{}).(caller)
	if !found {
		return caller{}, errors.New("a handler of a secured route was called without an identity")
	}
	return c, nil
}
