package httpapi

import (
	"cmp"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/forward"
)

const (
	bearerScheme = "bearer"
	clientScheme = "client"
	// passwordScheme is first by name: pages such as Swagger UI show the schemes in
	// that order, and a newcomer has an e-mail address and a password.
	passwordScheme = "account"
)

const description = `Sign-in for other APIs: opaque access tokens that are verified fast and revoked at once.

Errors are problem details (RFC 9457), and under /oauth those of OAuth (RFC 6749, section 5.2). Branch on ` + "`code` and `error`" + `, whose lists are closed; texts may change.
Only 401 with invalid_token means that a token is dead; 401 with insufficient_user_authentication asks for a new sign-in (RFC 9470); 503 says nothing about it: keep the token and try again.

A body may have 4 KiB, that of a batch 8 KiB, and the header 8 KiB. HEAD is answered wherever GET is, without the body. OPTIONS is answered with 204 and Allow, but 405 on /verify.
Where there is no such path or method, the answer is one of the components NotFound, MethodNotAllowed and NotImplemented.`

// openAPI describes the API; routes add themselves.
func (s *Server) openAPI() huma.Config {
	config := huma.DefaultConfig("auth-api", s.Version)
	config.Info.Description = description
	config.Servers = []*huma.Server{{URL: cmp.Or(s.Issuer, "/")}}
	config.DocsPath = ""
	config.SchemasPath = ""
	config.OpenAPIPath = ""  // see serveDocument
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
				TokenURL: oauthPrefix + "token", // see document.render for its scopes
			}},
		}
	}
	return config
}

// open says that an operation needs no credentials.
func open() []map[string][]string { return []map[string][]string{} }

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
	header := func(doc string) *huma.Header { return &huma.Header{Description: doc, Required: true, Schema: text("")} }
	responses := answers{
		"204": {Description: "Let it through. All five headers are always there, empty where there is nothing to tell. Values are percent-encoded where they are not printable ASCII.", Headers: map[string]*huma.Header{
			forward.User: header("Id of the account; never changes"), forward.Email: header("Its address"),
			forward.Name: header("What the person wants to be called; may be empty"), forward.Scope: header("What the token allows, with spaces"),
			forward.Session: header("Public id of the session"),
		}},
	}
	s.problems(responses, append(append(unreadable(), fault.Internal), tokenCodes(true)...)...)
	s.api.OpenAPI().AddOperation(&huma.Operation{
		OperationID: "verify", Method: "GET", Path: verifyPath, Tags: []string{verification},
		Summary: "Whether to let a request through",
		Description: "For nginx auth_request, Traefik ForwardAuth, Caddy forward_auth and HAProxy. What the token needs stands in this URL, with which the proxy is configured; " +
			"of the request, only Authorization is read. 400 says that the proxy's URL is wrong, or that the request holds several tokens; 403 that the token is for another API, or lacks a scope.",
		Security: s.secured(),
		Parameters: []*huma.Param{
			{Name: "api", In: "query", Required: true, Schema: &huma.Schema{Type: "string", Description: "The API for which the token must be", MaxLength: pointer(maxAudience)}, Example: "books"},
			{Name: "scope", In: "query", Schema: text("What the token must allow: scopes with spaces, or the parameter several times. Without it, any token of the API will do"), Example: "books:read"},
		},
		Responses: responses,
	})
}
