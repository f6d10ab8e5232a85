package oauth

import (
	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// describe adds the routes to the OpenAPI document. huma does not serve them, since their
// forms and errors are OAuth's.
func (s *Service) describe(doc openapi.Document) {
	client := []map[string][]string{{openapi.Client: {}}}
	perhapsClient := []map[string][]string{{}, {openapi.Client: {}}}
	token := map[string]*huma.Schema{"token": openapi.Text("the access token"), "token_type_hint": openapi.Text("ignored")}

	doc.AddOperation(s.tokenOperation(doc, perhapsClient))
	doc.AddOperation(s.pushOperation(doc, perhapsClient))
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
		Summary: "End what a token is of",
		Description: "RFC 7009. Ends the sign-in or the app of an access token or a refresh token, and all that hangs on it; of a program, only the token. Anyone who has the token may revoke it. " +
			"A client that authenticates can revoke its own tokens, and those for the API for which it introspects; for others it gets unauthorized_client. The answer for a token that is dead already is the same. After 503 the token may still be alive: try again.",
		RequestBody: openapi.Form([]string{"token"}, withClient(map[string]*huma.Schema{"token": openapi.Text("the access token or the refresh token"), "token_type_hint": openapi.Text("ignored")})),
		Responses:   perhapsChallenged(answers(doc, "The token is dead", nil, fault.UnauthorizedClient)),
	})
}

// pushOperation describes the endpoint for pushed authorization requests.
func (s *Service) pushOperation(doc openapi.Document, security []map[string][]string) *huma.Operation {
	responses := perhapsChallenged(answers(doc, "", pushed{}, fault.TooManyTokens))
	responses["201"] = responses["200"]
	responses["201"].Description = "The request is kept"
	delete(responses, "200")
	for _, name := range []string{"RateLimit", "RateLimit-Policy"} {
		responses["429"].Headers[name].Required = false
	}
	return &huma.Operation{
		OperationID: "push", Method: "POST", Path: route.PushedRequest, Tags: []string{"OAuth"}, Security: security,
		Summary:     "Push an authorization request",
		Description: "RFC 9126. Takes the parameters of an authorization request, and keeps them for 90 seconds.",
		RequestBody: openapi.Form([]string{"response_type"}, withClient(map[string]*huma.Schema{
			"response_type": {Type: "string", Enum: []any{"code"}}, "redirect_uri": openapi.Text("where the answer goes"), "scope": openapi.Text("scopes, separated by spaces"), "state": openapi.Text("comes back with the answer"),
			"code_challenge": openapi.Text("that of PKCE (RFC 7636)"), "code_challenge_method": {Type: "string", Enum: []any{"S256"}},
		})),
		Responses: responses,
	}
}

// tokenOperation describes the token endpoint.
func (s *Service) tokenOperation(doc openapi.Document, security []map[string][]string) *huma.Operation {
	parameters := withClient(map[string]*huma.Schema{
		"grant_type": {Type: "string", Enum: enumOf(s.grantTypes())},
		"code":       openapi.Text("authorization_code: the code"), "redirect_uri": openapi.Text("authorization_code: the same as in the authorization request"),
		"code_verifier": openapi.Text("authorization_code: that of PKCE (RFC 7636)"), "refresh_token": openapi.Text("refresh_token: the newest one"),
		"scope":    openapi.Text("scopes, separated by spaces; without it, all that can be granted"),
		"resource": {Type: "array", Items: &huma.Schema{Type: "string"}, Description: "the APIs that the token is for (RFC 8707); may be repeated. Without it, all of the client's"},
	})
	codes := []fault.Code{fault.InvalidGrant, fault.InvalidScope, fault.InvalidTarget, fault.UnauthorizedClient, fault.UnsupportedGrantType, fault.TooManyTokens}
	if s.PasswordGrant {
		parameters["username"] = &huma.Schema{Type: "string", Format: "email", MaxLength: openapi.Pointer(account.MaxEmail), Description: "password: the e-mail address"}
		parameters["password"] = &huma.Schema{Type: "string", Format: "password", Description: "password: the password"}
		codes = append(codes, fault.InvalidCredentials, fault.AccountDisabled, fault.ValidationFailed, fault.ClientGone)
	}
	responses := perhapsChallenged(answers(doc, "The tokens (RFC 6749, section 5.1)", tokenAnswer{}, codes...))
	for _, name := range []string{"RateLimit", "RateLimit-Policy"} {
		responses["429"].Headers[name].Required = false // The limits of a client's own tokens have none.
	}
	return &huma.Operation{
		OperationID: "token", Method: "POST", Path: route.Token, Tags: []string{"OAuth"}, Security: security,
		Summary: "Issue tokens",
		Description: "RFC 6749: authorization_code and refresh_token for apps, client_credentials for programs. The client authenticates with its id and secret as HTTP Basic or in the form, with an assertion (RFC 7523), or with client_id alone if it is public. " +
			"The grant password is for development only, if AUTH_API_PASSWORD_GRANT is true.",
		RequestBody: openapi.Form([]string{"grant_type"}, parameters), Responses: responses,
	}
}

// withClient adds the parameters with which clients authenticate.
func withClient(parameters map[string]*huma.Schema) map[string]*huma.Schema {
	parameters["client_id"] = openapi.Text("the client's id, unless it is in the Authorization header")
	parameters["client_secret"] = &huma.Schema{Type: "string", Format: "password", Description: "the client's secret, unless it is in the Authorization header"}
	parameters["client_assertion"] = openapi.Text("a JWT that the client has signed (RFC 7523)")
	parameters["client_assertion_type"] = &huma.Schema{Type: "string", Enum: []any{assertionType}}
	return parameters
}

// perhapsChallenged is for routes with several ways to authenticate: a challenge is sent only
// if Basic was tried.
func perhapsChallenged(responses openapi.Answers) openapi.Answers {
	responses["401"].Headers["WWW-Authenticate"].Required = false
	return responses
}

func enumOf(words []string) (all []any) {
	for _, word := range words {
		all = append(all, word)
	}
	return all
}

// answers describes the answers of a route under /oauth. codes are those of this route
// alone.
func answers(doc openapi.Document, what string, body any, codes ...fault.Code) openapi.Answers {
	out := doc.Success(what, body)
	doc.OAuthProblems(out, append(append(openapi.Anywhere(), fault.InvalidClient, fault.TooManyAttempts, fault.StoreUnavailable, fault.ChangeUnderWay), codes...)...)
	return out
}
