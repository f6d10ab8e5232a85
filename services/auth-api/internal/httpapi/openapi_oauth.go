package httpapi

import "github.com/danielgtaylor/huma/v2"

// verification is the tag of the routes by which others verify a token.
const verification = "Verification"

// withOAuthRoutes describes the routes under /oauth, which huma does not serve:
// their forms and their errors are OAuth's.
func (s *Server) withOAuthRoutes() {
	doc := s.api.OpenAPI()
	client := []map[string][]string{{clientScheme: {}}}
	failures := func(ok string) map[string]*huma.Response {
		return map[string]*huma.Response{
			"200": {Description: ok},
			"400": {Description: "An OAuth error (RFC 6749, section 5.2)"},
			"503": {Description: "Busy, or a store does not answer"},
		}
	}
	withClient := func(answer *huma.Schema) map[string]*huma.Response {
		r := failures("")
		r["200"] = &huma.Response{Description: "What is known of the token", Content: map[string]*huma.MediaType{"application/json": {Schema: answer}}}
		r["401"] = &huma.Response{Description: "invalid_client: id or secret is wrong, or the client is disabled"}
		r["503"].Description = "A store does not answer: this says nothing about the token"
		return r
	}
	doc.AddOperation(&huma.Operation{
		OperationID: "token", Method: "POST", Path: "/oauth/token", Tags: []string{"OAuth"},
		Summary:     "Sign in with a form",
		Description: "The password grant of RFC 6749, section 4.3, where it is switched on (AUTH_API_PASSWORD_GRANT); else unsupported_grant_type.",
		RequestBody: form("grant_type", map[string]string{
			"grant_type": "password", "username": "the e-mail address", "password": "", "scope": "scopes, with spaces",
		}),
		Responses: failures("The token (RFC 6749, section 5.1)"),
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "introspect", Method: "POST", Path: "/oauth/introspect", Tags: []string{verification}, Security: client,
		Summary:     "Whether a token is alive, for an API",
		Description: `RFC 7662. Of a token that is malformed, expired, revoked or not for the API that asks, the answer is {"active":false}.`,
		RequestBody: form("token", map[string]string{"token": "the access token", "token_type_hint": "is not needed"}),
		Responses:   withClient(introspectionSchema()),
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "introspect-batch", Method: "POST", Path: batchPath, Tags: []string{verification}, Security: client,
		Summary:     "Whether tokens are alive, for an API",
		Description: "As /oauth/introspect, for up to 100 tokens. The results stand in the order of the tokens. Either all are answered or none.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: object([]string{"tokens"}, map[string]*huma.Schema{
			"tokens": {Type: "array", Items: &huma.Schema{Type: "string"}},
		})}}},
		Responses: withClient(object([]string{"results"}, map[string]*huma.Schema{"results": {Type: "array", Items: introspectionSchema()}})),
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "revoke", Method: "POST", Path: "/oauth/revoke", Tags: []string{"OAuth"}, Security: []map[string][]string{{}, {clientScheme: {}}},
		Summary:     "End the session of a token",
		Description: "RFC 7009. Whoever holds the token may do so. A client that shows its credentials ends tokens for its own API only. Of a token that is dead already, nothing is told.",
		RequestBody: form("token", map[string]string{"token": "the access token", "token_type_hint": "is not needed"}),
		Responses: map[string]*huma.Response{
			"200": {Description: "The token is dead"},
			"400": {Description: "An OAuth error (RFC 6749, section 5.2)"},
			"401": {Description: "invalid_client: id or secret is wrong, or the client is disabled"},
			"503": {Description: "A store does not answer: the token may live. Try again"},
		},
	})
	if s.Issuer != "" {
		doc.AddOperation(&huma.Operation{
			OperationID: "metadata", Method: "GET", Path: metadataPath, Tags: []string{"OAuth"},
			Summary: "Where the routes under /oauth are (RFC 8414)", Responses: map[string]*huma.Response{"200": {Description: "The metadata"}},
		})
	}
}

func form(needed string, fields map[string]string) *huma.RequestBody {
	properties := map[string]*huma.Schema{}
	for name, doc := range fields {
		properties[name] = &huma.Schema{Type: "string", Description: doc}
	}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{formType: {Schema: object([]string{needed}, properties)}}}
}

func object(required []string, properties map[string]*huma.Schema) *huma.Schema {
	return &huma.Schema{Type: "object", Required: required, Properties: properties}
}

func introspectionSchema() *huma.Schema {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: "string", Description: doc} }
	seconds := func(doc string) *huma.Schema { return &huma.Schema{Type: "integer", Format: "int64", Description: doc} }
	return object([]string{"active"}, map[string]*huma.Schema{
		"active":     {Type: "boolean", Description: "Whether the token is alive and for the API that asks. If not, nothing else is told."},
		"scope":      text("those of the API that asks, with spaces"),
		"username":   text("the account's e-mail address"),
		"name":       text("what the person wants to be called, if anything"),
		"token_type": text("Bearer"),
		"exp":        seconds("Unix seconds: when the token ends if it is not used until then"),
		"iat":        seconds("Unix seconds: when the person signed in"),
		"sub":        text("the account's id; never changes"),
		"aud":        text("the API that asks"),
		"iss":        text("the service's URL (AUTH_API_ISSUER), where that is set"),
		"sid":        text("public id of the session"),
		"client_id":  text("the client through which the person acts, or which acts for itself; absent if there is none"),
		"auth_time":  seconds("Unix seconds: when the person last proved who they are; absent if no person did"),
		"amr":        {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString}, Description: "how they proved it (RFC 8176): today pwd"},
	})
}
