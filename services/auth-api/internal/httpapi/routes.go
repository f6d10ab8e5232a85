package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/session"
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
	s.withOAuthRoutes()
	s.withVerifyRoute()

	s.api.UseMiddleware(s.authorise, readable)
	own := s.secured(session.ScopeAccount)

	add(s, huma.Operation{OperationID: "register", Method: http.MethodPost, Path: "/v1/accounts", Tags: []string{"Accounts"},
		Summary: "Register", DefaultStatus: http.StatusAccepted,
		Description: "The answer is the same whether the address is known already or not. Sign in to find out."}, s.register)
	add(s, huma.Operation{OperationID: "me", Method: http.MethodGet, Path: "/v1/accounts/me", Tags: []string{"Accounts"},
		Summary: "Whose token this is", Security: s.secured()}, s.me)
	add(s, huma.Operation{OperationID: "change-me", Method: http.MethodPatch, Path: "/v1/accounts/me", Tags: []string{"Accounts"},
		Summary: "Change one's account", Security: own}, s.changeMe)
	add(s, huma.Operation{OperationID: "delete-me", Method: http.MethodDelete, Path: "/v1/accounts/me", Tags: []string{"Accounts"},
		Summary: "Delete one's account", Security: own, DefaultStatus: http.StatusNoContent}, s.deleteMe)
	add(s, huma.Operation{OperationID: "change-password", Method: http.MethodPut, Path: "/v1/accounts/me/password", Tags: []string{"Accounts"},
		Summary: "Change one's password", Description: "Ends all other sessions.", Security: own, DefaultStatus: http.StatusNoContent}, s.changePassword)

	add(s, huma.Operation{OperationID: "sign-in", Method: http.MethodPost, Path: "/v1/sessions", Tags: []string{"Sessions"},
		Summary: "Sign in", DefaultStatus: http.StatusCreated}, s.signIn)
	add(s, huma.Operation{OperationID: "list-sessions", Method: http.MethodGet, Path: "/v1/sessions", Tags: []string{"Sessions"},
		Summary: "List one's sessions", Security: own}, s.listSessions)
	add(s, huma.Operation{OperationID: "end-others", Method: http.MethodDelete, Path: "/v1/sessions", Tags: []string{"Sessions"},
		Summary: "End all other sessions", Description: "With all=true this one too. Needs a sign-in of the last 15 minutes, else insufficient_user_authentication (RFC 9470).", Security: own, DefaultStatus: http.StatusNoContent}, s.endSessions)
	add(s, huma.Operation{OperationID: "current-session", Method: http.MethodGet, Path: "/v1/sessions/current", Tags: []string{"Sessions"},
		Summary: "The session of this token", Security: s.secured()}, s.currentSession)
	add(s, huma.Operation{OperationID: "sign-out", Method: http.MethodDelete, Path: "/v1/sessions/current", Tags: []string{"Sessions"},
		Summary: "Sign out", Security: s.secured(), DefaultStatus: http.StatusNoContent}, s.signOut)
	add(s, huma.Operation{OperationID: "end-session", Method: http.MethodDelete, Path: "/v1/sessions/{id}", Tags: []string{"Sessions"},
		Summary: "End one of one's sessions", Description: "Another than this one's needs a sign-in of the last 15 minutes, else insufficient_user_authentication (RFC 9470).", Security: own, DefaultStatus: http.StatusNoContent}, s.endSession)
	return nil
}

// add registers an operation whose errors are answered as problems.
func add[I, O any](s *Server, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	op.Errors = nil
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{Description: "A problem (RFC 9457)", Content: map[string]*huma.MediaType{
		problemType: {Schema: s.problemSchema()},
	}}
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			p := problemOf(err)
			keepIn(ctx, p)
			return nil, p
		}
		return out, nil
	})
}
