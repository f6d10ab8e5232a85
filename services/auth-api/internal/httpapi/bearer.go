package httpapi

import (
	"context"
	"errors"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify"
)

type contextKey int

const (
	identityKey contextKey = iota
	requestKey
)

// caller is who asks, in a request that was let through.
type caller struct {
	verify.Identity
	account, session uuid.UUID
}

// authorise lets a request through if its token is alive and has the scopes
// that the operation asks for.
func (s *Server) authorise(ctx huma.Context, next func(huma.Context)) {
	scopes, secured := requirement(ctx.Operation())
	if !secured {
		next(ctx)
		return
	}
	who, err := s.identify(ctx, scopes)
	if err != nil {
		// Fiber's buffer is written to directly: huma would have to negotiate.
		_ = writeProblem(humafiber.UnwrapV2(ctx), problemOf(err))
		return
	}
	s.Sessions.Seen(who.Identity)
	next(huma.WithValue(ctx, identityKey, who))
}

func requirement(op *huma.Operation) (scopes []string, secured bool) {
	for _, scheme := range op.Security {
		if scopes, secured = scheme[bearerScheme]; secured {
			return scopes, true
		}
	}
	return nil, false
}

func (s *Server) identify(ctx huma.Context, scopes []string) (caller, error) {
	given, err := bearer(ctx.Header("Authorization"))
	if err != nil {
		return caller{}, err
	}
	identity, err := s.Verifier.Verify(ctx.Context(), given)
	s.metrics.verified(err)
	switch {
	case errors.Is(err, verify.ErrInvalidToken):
		return caller{}, fault.Wrap(fault.InvalidToken, "The access token is malformed, expired or revoked. Sign in again.", err)
	case err != nil:
		return caller{}, fault.Unavailable(err)
	}
	for _, scope := range scopes {
		if !identity.HasScope(scope) {
			f := fault.New(fault.InsufficientScope, "The access token lacks a scope that this needs: "+scope+".")
			f.Scope = strings.Join(scopes, " ")
			return caller{}, f
		}
	}
	who := caller{Identity: identity}
	if who.account, err = uuid.Parse(identity.AccountID); err == nil {
		who.session, err = uuid.Parse(identity.SessionID)
	}
	if err != nil {
		return caller{}, fault.Unavailable(errors.New("a token's record names no account"))
	}
	return who, nil
}

// bearer takes the token out of an Authorization header (RFC 6750, section 2.1).
func bearer(header string) (string, error) {
	scheme, given, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", fault.New(fault.MissingToken, "Send an access token: Authorization: Bearer <access_token>.")
	}
	return strings.TrimSpace(given), nil
}

// who asks; the middleware has put it there.
func who(ctx context.Context) (caller, error) {
	c, found := ctx.Value(identityKey).(caller)
	if !found {
		return caller{}, errors.New("a handler of a secured route was called without an identity")
	}
	return c, nil
}
