package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/bearer"
)

const (
	// oauthPrefix is where errors have OAuth's form.
	oauthPrefix = "/oauth/"
	batchPath   = oauthPrefix + "introspect/batch"
)

// bareRoutes stand before the middleware, which is not around them.
func (s *Server) bareRoutes() {
	s.app.Get(verifyPath, s.door.handle)
}

// routes are all others.
func (s *Server) routes() error {
	s.app.Get("/livez", s.livez)
	s.app.Get("/readyz", s.readyz)
	if err := s.docs(); err != nil {
		return err
	}
	s.app.Post("/oauth/token", s.token)
	s.app.Post("/oauth/introspect", s.introspect)
	s.app.Post(batchPath, s.introspectBatch)
	s.app.Post("/oauth/revoke", s.revoke)
	if s.Issuer != "" {
		s.app.Get(metadataPath, s.metadata)
	}
	s.withHealthRoutes()
	s.withOAuthRoutes()
	s.withVerifyRoute()

	s.api.UseMiddleware(s.authorise, readable)
	own := s.secured(authorization.ScopeAccount)
	const recent = fault.Code(bearer.InsufficientUserAuthentication)

	add(s, open(), huma.Operation{OperationID: "register", Method: http.MethodPost, Path: "/v1/accounts", Tags: []string{"Accounts"},
		Summary: "Register", DefaultStatus: http.StatusAccepted,
		Description: "The answer is the same whether the address is known already or not. Sign in to find out."}, s.register, fault.StoreUnavailable, fault.ClientGone)
	add(s, s.secured(), huma.Operation{OperationID: "me", Method: http.MethodGet, Path: "/v1/accounts/me", Tags: []string{"Accounts"},
		Summary: "Whose token this is"}, s.me)
	add(s, own, huma.Operation{OperationID: "change-me", Method: http.MethodPatch, Path: "/v1/accounts/me", Tags: []string{"Accounts"},
		Summary: "Change one's account"}, s.changeMe, fault.ChangeUnderWay, fault.AccountNotFound)
	add(s, own, huma.Operation{OperationID: "delete-me", Method: http.MethodDelete, Path: "/v1/accounts/me", Tags: []string{"Accounts"},
		Summary: "Delete one's account", DefaultStatus: http.StatusNoContent}, s.deleteMe, fault.ChangeUnderWay, fault.AccountNotFound, fault.WrongPassword, fault.ClientGone)
	add(s, own, huma.Operation{OperationID: "change-password", Method: http.MethodPut, Path: "/v1/accounts/me/password", Tags: []string{"Accounts"},
		Summary: "Change one's password", Description: "Ends all other sessions.", DefaultStatus: http.StatusNoContent}, s.changePassword, fault.ChangeUnderWay, fault.AccountNotFound, fault.WrongPassword, fault.ClientGone)

	add(s, open(), huma.Operation{OperationID: "sign-in", Method: http.MethodPost, Path: "/v1/sessions", Tags: []string{"Sessions"},
		Summary: "Sign in", DefaultStatus: http.StatusCreated}, s.signIn, fault.InvalidCredentials, fault.AccountDisabled, fault.InvalidScope, fault.StoreUnavailable, fault.ClientGone)
	add(s, own, huma.Operation{OperationID: "list-sessions", Method: http.MethodGet, Path: "/v1/sessions", Tags: []string{"Sessions"},
		Summary: "List one's sessions"}, s.listSessions)
	add(s, own, huma.Operation{OperationID: "end-others", Method: http.MethodDelete, Path: "/v1/sessions", Tags: []string{"Sessions"},
		Summary: "End all other sessions", Description: "With all=true this one too. Needs a sign-in of the last 15 minutes, else insufficient_user_authentication (RFC 9470).", DefaultStatus: http.StatusNoContent}, s.endSessions, fault.ChangeUnderWay, fault.AccountNotFound, fault.SessionNotFound, recent)
	add(s, s.secured(), huma.Operation{OperationID: "current-session", Method: http.MethodGet, Path: "/v1/sessions/current", Tags: []string{"Sessions"},
		Summary: "The session of this token"}, s.currentSession)
	add(s, s.secured(), huma.Operation{OperationID: "sign-out", Method: http.MethodDelete, Path: "/v1/sessions/current", Tags: []string{"Sessions"},
		Summary: "Sign out", DefaultStatus: http.StatusNoContent}, s.signOut, fault.ChangeUnderWay, fault.AccountNotFound, fault.SessionNotFound)
	add(s, own, huma.Operation{OperationID: "end-session", Method: http.MethodDelete, Path: "/v1/sessions/{id}", Tags: []string{"Sessions"},
		Summary: "End one of one's sessions", Description: "Another than this one's needs a sign-in of the last 15 minutes, else insufficient_user_authentication (RFC 9470).", DefaultStatus: http.StatusNoContent}, s.endSession, fault.ChangeUnderWay, fault.AccountNotFound, fault.SessionNotFound, recent)
	s.api.OpenAPI().Components.Responses = s.unrouted()
	s.describeLimits()
	s.closeLists()
	return s.serveDocument()
}

// need is what a caller needs to show: open() for nothing, s.secured(scopes...) for a
// live token that has them. No route is added without saying which.
type need []map[string][]string

// add registers an operation. Its errors are answered as problems: those that all have
// whose token is checked, and the codes. What the domain finds wrong with a field it
// names without knowing where it stood: in the body.
func add[I, O any](s *Server, needs need, op huma.Operation, handle func(context.Context, *I) (*O, error), codes ...fault.Code) {
	op.Security = needs
	codes = append(append(anywhere(), fault.ValidationFailed), codes...)
	if scopes, secured := requirement(&op); secured {
		codes = append(codes, tokenCodes(len(scopes) > 0)...)
	}
	op.Responses = answers{}
	s.problems(op.Responses, codes...)
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			p := problemOf(err)
			for n := range p.Errors {
				p.Errors[n].Location = "body." + p.Errors[n].Location
			}
			keepIn(ctx, p)
			return nil, p
		}
		return out, nil
	})
}
