package httpapi

import (
	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/verify/forward"
)

const (
	bearerScheme   = "bearer"
	passwordScheme = "password"
	clientScheme   = "client"
)

const description = `Sign-in for other APIs: opaque access tokens that are verified fast and revoked at once.

Errors are problem details (RFC 9457). Branch on ` + "`code`" + `: malformed_request, unsupported_media_type, body_too_large,
header_too_large, request_timeout, version_not_supported, route_not_found, method_not_allowed, method_unknown, validation_failed, invalid_scope, invalid_credentials, wrong_password, account_disabled,
missing_token, invalid_token, insufficient_scope, insufficient_user_authentication, session_not_found, account_not_found, busy, store_unavailable,
client_gone, internal.
Only 401 with invalid_token means that a token is dead; 401 with insufficient_user_authentication asks for a new sign-in (RFC 9470); 503 says nothing about it: keep the token and try again.`

// openAPI describes the API; routes add themselves.
func (s *Server) openAPI() huma.Config {
	config := huma.DefaultConfig("auth-api", s.Version)
	config.Info.Description = description
	config.DocsPath = ""
	config.SchemasPath = ""
	config.CreateHooks = nil // no $schema field in answers
	config.Transformers = []huma.Transformer{fromHuma}
	// Huma looks for the format of application/problem+json under "json".
	config.Formats = map[string]huma.Format{fiber.MIMEApplicationJSON: strictJSON(), "json": strictJSON()}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearerScheme: {Type: "http", Scheme: "bearer", Description: "An access_token from POST /v1/sessions."},
		clientScheme: {Type: "http", Scheme: "basic", Description: "A client's id and secret, from auth-api client create."},
	}
	if s.PasswordGrant {
		config.Components.SecuritySchemes[passwordScheme] = &huma.SecurityScheme{
			Type: "oauth2", Description: "E-mail and password; leave the client's fields empty. For development only.",
			Flows: &huma.OAuthFlows{Password: &huma.OAuthFlow{
				TokenURL: "/oauth/token",
				Scopes:   map[string]string{session.ScopeAccount: "manage the account and its sessions"},
			}},
		}
	}
	return config
}

// secured says what a token needs for an operation; no scope: any live token.
func (s *Server) secured(scopes ...string) []map[string][]string {
	if scopes == nil {
		scopes = []string{}
	}
	schemes := []map[string][]string{{bearerScheme: scopes}}
	if s.PasswordGrant {
		schemes = append(schemes, map[string][]string{passwordScheme: scopes})
	}
	return schemes
}

// withVerifyRoute adds GET /verify, which huma does not serve: a proxy waits for
// it at every request.
func (s *Server) withVerifyRoute() {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: "string", Description: doc} }
	header := func(doc string) *huma.Header { return &huma.Header{Schema: text(doc)} }
	problem := func(what string) *huma.Response {
		return &huma.Response{Description: what, Content: map[string]*huma.MediaType{problemType: {Schema: s.problemSchema()}}}
	}
	s.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "verify", Method: "GET", Path: verifyPath, Tags: []string{verification},
		Summary: "Whether to let a request through",
		Description: "For nginx auth_request, Traefik ForwardAuth, Caddy forward_auth and HAProxy. What the token needs stands in this URL, with which the proxy is configured; " +
			"of the request, only Authorization is read. HEAD is answered too.",
		Security: s.secured(),
		Parameters: []*huma.Param{
			{Name: "api", In: "query", Required: true, Schema: text("The API for which the token must be"), Example: "books"},
			{Name: "scope", In: "query", Schema: text("What the token must allow: scopes with spaces, or the parameter several times. Without it, any token of the API will do"), Example: "books:read"},
		},
		Responses: map[string]*huma.Response{
			"204": {Description: "Let it through. All five headers are always there, empty where there is nothing to tell. Values are percent-encoded where they are not printable ASCII.", Headers: map[string]*huma.Header{
				forward.User: header("Id of the account; never changes"), forward.Email: header("Its address"),
				forward.Name: header("What the person wants to be called; may be empty"), forward.Scope: header("What the token allows, with spaces"),
				forward.Session: header("Public id of the session"),
			}},
			"400": problem("The proxy's URL is wrong, or the request holds several tokens"),
			"401": problem("No token (missing_token), or a dead one (invalid_token); WWW-Authenticate as RFC 6750 says"),
			"403": problem("The token is for another API, or lacks a scope (insufficient_scope)"),
			"503": problem("A store does not answer; this says nothing about the token"),
		},
	})
}
