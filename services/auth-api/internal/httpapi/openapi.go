package httpapi

import (
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/session"
)

const (
	bearerScheme   = "bearer"
	passwordScheme = "password"
)

const description = `Sign-in for other APIs: opaque access tokens that are verified fast and revoked at once.

Errors are problem details (RFC 9457). Branch on ` + "`code`" + `: malformed_request, unsupported_media_type, body_too_large,
route_not_found, method_not_allowed, validation_failed, invalid_scope, invalid_credentials, wrong_password, account_disabled,
missing_token, invalid_token, insufficient_scope, session_not_found, account_not_found, busy, store_unavailable, internal.
Only 401 with invalid_token means that a token is dead; 503 says nothing about it: keep the token and try again.`

// openAPI describes the API; routes add themselves.
func (s *Server) openAPI() huma.Config {
	config := huma.DefaultConfig("auth-api", s.Version)
	config.Info.Description = description
	config.DocsPath = ""
	config.SchemasPath = ""
	config.CreateHooks = nil // no $schema field in answers
	config.Transformers = []huma.Transformer{fromHuma}
	config.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearerScheme: {Type: "http", Scheme: "bearer", Description: "An access_token from POST /v1/sessions."},
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

// withTokenRoute adds POST /oauth/token, which huma does not serve, since its
// form and its errors are OAuth's.
func (s *Server) withTokenRoute() {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: "string", Description: doc} }
	s.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "token", Method: "POST", Path: "/oauth/token", Tags: []string{"OAuth"},
		Summary:     "Sign in with a form",
		Description: strings.TrimSpace("The password grant of RFC 6749, section 4.3, where it is switched on (AUTH_API_PASSWORD_GRANT); else unsupported_grant_type."),
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			formType: {Schema: &huma.Schema{Type: "object", Required: []string{"grant_type"}, Properties: map[string]*huma.Schema{
				"grant_type": text("password"), "username": text("the e-mail address"), "password": text(""), "scope": text("scopes, with spaces"),
			}}},
		}},
		Responses: map[string]*huma.Response{
			"200": {Description: "The token (RFC 6749, section 5.1)"},
			"400": {Description: "An OAuth error (RFC 6749, section 5.2)"},
			"503": {Description: "Busy, or a store does not answer"},
		},
	})
}
