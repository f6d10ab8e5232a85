package rest

import (
	"context"
	"errors"
	"fmt"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/fiberbearer"
)

// callerKey is the key of the caller in a request's context.
type callerKey struct{}

// caller is the authenticated person who sent the request.
type caller struct {
	*verify.Principal
	account, session uuid.UUID
}

// authorise lets a request through if its token is alive and has the scopes that the
// operation requires.
func (s *Service) authorise(ctx huma.Context, next func(huma.Context)) {
	scopes, secured := requirement(ctx.Operation())
	if !secured {
		next(ctx)
		return
	}
	fiber := humafiber.UnwrapV2(ctx)
	c, err := s.identify(ctx.Context(), fiberbearer.Credentials(fiber), scopes)
	if err != nil {
		// Write with Fiber directly: huma would negotiate a content type.
		_ = request.Answer(fiber, problem.Of(err))
		return
	}
	next(huma.WithContext(ctx, context.WithValue(asActor(ctx.Context(), c), callerKey{}, c)))
}

// asActor makes the caller the one who acts in the events of the request.
func asActor(ctx context.Context, c caller) context.Context {
	o := audit.Of(ctx)
	o.Actor, o.Session = audit.AccountOf(c.account), c.session
	return audit.With(ctx, o)
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
	return bearer.New(bearer.Options{Verifier: o.Verifier, Audience: bearer.AnyAudience, Realm: o.Realm, Now: o.Now})
}

func (s *Service) identify(ctx context.Context, given bearer.Credentials, scopes []string) (caller, error) {
	principal, refusal := s.guard.Check(ctx, given, scopes...)
	if refusal != nil {
		return caller{}, refusal
	}
	return s.callerOf(ctx, principal)
}

// callerOf is the caller of a person's token. It refuses a client's own token, since these
// routes are about a person's account.
func (s *Service) callerOf(ctx context.Context, principal *verify.Principal) (c caller, err error) {
	if refusal := s.guard.Account(ctx, principal); refusal != nil {
		return caller{}, refusal
	}
	c.Principal = principal
	if c.account, err = uuid.Parse(principal.Subject); err == nil {
		c.session, err = uuid.Parse(principal.Authorization)
	}
	if err != nil {
		return caller{}, fault.Unavailable(fmt.Errorf("read account and session of a token's record: %w", err))
	}
	return c, nil
}

// callerFrom is the caller that authorise has put into the context.
func callerFrom(ctx context.Context) (caller, error) {
	c, found := ctx.Value(callerKey{}).(caller)
	if !found {
		return caller{}, errors.New("a handler of a secured route was called without a caller in its context")
	}
	return c, nil
}
