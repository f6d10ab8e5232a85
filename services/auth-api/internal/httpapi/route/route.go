// Package route has the path of every route, for the router, the OpenAPI document, the
// metadata and the log.
package route

const (
	// Verify is called by proxies, see package forward.
	Verify = "/verify"

	Live  = "/livez"
	Ready = "/readyz"

	Docs          = "/docs"
	OpenAPIJSON   = "/openapi.json"
	OpenAPIYAML   = "/openapi.yaml"
	OpenAPI30JSON = "/openapi-3.0.json"
	OpenAPI30YAML = "/openapi-3.0.yaml"

	// OAuth is the prefix of the routes whose errors have OAuth's form (RFC 6749,
	// section 5.2).
	OAuth           = "/oauth/"
	Token           = OAuth + "token"
	Introspect      = OAuth + "introspect"
	IntrospectBatch = OAuth + "introspect/batch"
	Revoke          = OAuth + "revoke"
	// Metadata is defined by RFC 8414, section 3.
	Metadata = "/.well-known/oauth-authorization-server"

	Accounts       = "/v1/accounts"
	Me             = Accounts + "/me"
	MyPassword     = Me + "/password"
	Sessions       = "/v1/sessions"
	CurrentSession = Sessions + "/current"
	Session        = Sessions + "/{id}"
)
