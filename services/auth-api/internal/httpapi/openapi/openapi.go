// Package openapi makes and serves the OpenAPI document: routes add themselves, with
// their answers, and the document is rendered in four forms.
package openapi

import (
	"cmp"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// The security schemes.
const (
	Bearer = "bearer"
	Client = "client"
	// Swagger UI shows schemes in the order of their names. The first are those for a newcomer,
	// who has an e-mail address and a password, and no token yet.
	code     = "account"
	password = "account_password"
)

const description = `Sign-in for other APIs: opaque access tokens that are verified fast and revoked at once.

Errors are problem details (RFC 9457), and under /oauth those of OAuth (RFC 6749, section 5.2). Branch on ` + "`code` and `error`" + `, whose lists are closed; texts may change.
Only 401 with invalid_token means that a token is dead. 401 with insufficient_user_authentication asks for a new sign-in (RFC 9470). 503 says nothing about the token: keep it and try again.

A body may have 4 KiB, that of a batch 8 KiB, and the header 8 KiB. HEAD is answered like GET, without the body. OPTIONS is answered with 204 and Allow, but on /verify with 405.
An unknown path or method gets one of the answers NotFound, MethodNotAllowed and NotImplemented, see the components.`

// Options are what the document says about this deployment.
type Options struct {
	Version string
	// Issuer is the URL of the service; may be empty.
	Issuer        string
	PasswordGrant bool
	// CodeGrant says that the page of the document can sign people in by code and PKCE.
	CodeGrant bool
}

// Config is huma's configuration, with an empty document.
func Config(o Options) huma.Config {
	config := huma.DefaultConfig("auth-api", o.Version)
	config.Info.Description = description
	config.Servers = []*huma.Server{{URL: cmp.Or(o.Issuer, "/")}}
	config.DocsPath = ""
	config.SchemasPath = ""
	config.OpenAPIPath = ""  // Serve adds these routes.
	config.CreateHooks = nil // The default adds a $schema field to answers.
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		Bearer: {Type: "http", Scheme: "bearer", Description: "An access_token from POST /v1/sessions."},
		Client: {Type: "http", Scheme: "basic", Description: "A client's id and secret, from auth-api client create."},
	}
	if o.CodeGrant {
		config.Components.SecuritySchemes[code] = &huma.SecurityScheme{
			Type: "oauth2", Description: "Your account: you sign in on a page of this service, in a window of its own.",
			Flows: &huma.OAuthFlows{AuthorizationCode: &huma.OAuthFlow{
				AuthorizationURL: o.Issuer + route.Authorize, TokenURL: route.Token, // renderer.setScopes adds the scopes.
			}},
		}
	}
	if o.PasswordGrant {
		config.Components.SecuritySchemes[password] = &huma.SecurityScheme{
			Type: "oauth2", Description: "E-mail and password; leave the client's fields empty. For development only.",
			Flows: &huma.OAuthFlows{Password: &huma.OAuthFlow{
				TokenURL: route.Token, // renderer.setScopes adds the scopes.
			}},
		}
	}
	return config
}

// schemaName is the name of a type's schema. huma leaves out the package, so two types of
// package problem get the name of it.
func schemaName(t reflect.Type, hint string) string {
	switch t {
	case reflect.TypeFor[problem.Field]():
		return "ProblemField"
	case reflect.TypeFor[problem.OAuthError]():
		return "OauthError"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// Document is the OpenAPI document, to which routes are added.
type Document struct{ *huma.OpenAPI }

// Open says that an operation needs no credentials.
func Open() []map[string][]string { return []map[string][]string{} }

// Secured says that an operation needs a live token with these scopes.
func (d Document) Secured(scopes ...string) []map[string][]string {
	if scopes == nil {
		scopes = []string{}
	}
	schemes := []map[string][]string{{Bearer: scopes}}
	for _, name := range []string{code, password} {
		if d.Components.SecuritySchemes[name] != nil {
			schemes = append(schemes, map[string][]string{name: scopes})
		}
	}
	return schemes
}

// Verification is the tag of the routes with which APIs and proxies verify a token.
const Verification = "Verification"
