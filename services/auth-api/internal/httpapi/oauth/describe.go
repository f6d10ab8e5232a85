package oauth

import (
	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
)

// describe adds the routes to the OpenAPI document. huma does not serve them, since their
// forms and errors are OAuth's.
func (s *Service) describe(doc openapi.Document) {
	client := []map[string][]string{{openapi.Client: {}}}
	perhapsClient := []map[string][]string{{}, {openapi.Client: {}}}
	token := map[string]*huma.Schema{"token": openapi.Text("the access token"), "token_type_hint": openapi.Text("ignored")}

	doc.AddOperation(&huma.Operation{
		OperationID: "token", Method: "POST", Path: route.Token, Tags: []string{"OAuth"}, Security: perhapsClient,
		Summary:     "Sign in with a form",
		Description: "The password grant of RFC 6749, section 4.3, if AUTH_API_PASSWORD_GRANT is true; otherwise unsupported_grant_type.",
		RequestBody: openapi.Form([]string{"grant_type", "username", "password"}, map[string]*huma.Schema{
			"grant_type": {Type: "string", Enum: []any{"password"}}, "username": {Type: "string", Format: "email", MaxLength: openapi.Pointer(account.MaxEmail), Description: "the e-mail address"},
			"password": {Type: "string", Format: "password"}, "scope": openapi.Text("scopes, separated by spaces; without it, all scopes that the account has"),
		}),
		Responses: answers(doc, "The token (RFC 6749, section 5.1)", signin.TokenAnswer{}, fault.InvalidCredentials, fault.AccountDisabled, fault.ValidationFailed, fault.InvalidScope, fault.ClientGone),
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "introspect", Method: "POST", Path: route.Introspect, Tags: []string{openapi.Verification}, Security: client,
		Summary:     "Whether a token is alive, for an API",
		Description: `RFC 7662. For a token that is malformed, expired, revoked or not for the client's API, the answer is {"active":false}. 503 says nothing about the token.`,
		RequestBody: openapi.Form([]string{"token"}, token),
		Responses:   answers(doc, "Whether the token is alive, and what it stands for", introspection{}),
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "introspect-batch", Method: "POST", Path: route.IntrospectBatch, Tags: []string{openapi.Verification}, Security: client,
		Summary:     "Whether tokens are alive, for an API",
		Description: "Like /oauth/introspect, for up to 100 tokens. The results are in the order of the tokens. If one of them cannot be checked, the whole batch fails.",
		RequestBody: openapi.JSON([]string{"tokens"}, map[string]*huma.Schema{
			"tokens": {Type: "array", Items: &huma.Schema{Type: "string"}, MaxItems: openapi.Pointer(maxBatch)},
		}),
		Responses: answers(doc, "One result for each token", introspections{}),
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "revoke", Method: "POST", Path: route.Revoke, Tags: []string{"OAuth"}, Security: perhapsClient,
		Summary:     "End the session of a token",
		Description: "RFC 7009. Anyone who has the token may revoke it. A client that authenticates can revoke tokens for its own API only. The answer for a token that is dead already is the same. After 503 the token may still be alive: try again.",
		RequestBody: openapi.Form([]string{"token"}, token),
		Responses:   answers(doc, "The token is dead", nil),
	})
	if s.Issuer != "" {
		responses := doc.Success("The metadata", authorizationServer{})
		doc.Problems(responses, openapi.Anywhere()...)
		doc.AddOperation(&huma.Operation{
			OperationID: "metadata", Method: "GET", Path: route.Metadata, Tags: []string{"OAuth"}, Security: openapi.Open(),
			Summary: "Where the routes under /oauth are (RFC 8414)", Responses: responses,
		})
	}
}

// answers describes the answers of a route under /oauth. codes are those of this route
// alone.
func answers(doc openapi.Document, what string, body any, codes ...fault.Code) openapi.Answers {
	out := doc.Success(what, body)
	doc.OAuthProblems(out, append(append(openapi.Anywhere(), fault.InvalidClient, fault.TooManyAttempts, fault.StoreUnavailable, fault.ChangeUnderWay), codes...)...)
	return out
}
