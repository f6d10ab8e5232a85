package httpapi

import (
	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/fault"
)

// verification is the tag of the routes by which others verify a token.
const verification = "Verification"

// withOAuthRoutes describes the routes under /oauth, which huma does not serve:
// their forms and their errors are OAuth's.
func (s *Server) withOAuthRoutes() {
	doc := s.api.OpenAPI()
	client := []map[string][]string{{clientScheme: {}}}
	perhapsClient := []map[string][]string{{}, {clientScheme: {}}}
	token := map[string]*huma.Schema{"token": text("the access token"), "token_type_hint": text("is not needed")}

	doc.AddOperation(&huma.Operation{
		OperationID: "token", Method: "POST", Path: oauthPrefix + "token", Tags: []string{"OAuth"}, Security: perhapsClient,
		Summary:     "Sign in with a form",
		Description: "The password grant of RFC 6749, section 4.3, where it is switched on (AUTH_API_PASSWORD_GRANT); else unsupported_grant_type.",
		RequestBody: form([]string{"grant_type", "username", "password"}, map[string]*huma.Schema{
			"grant_type": {Type: "string", Enum: []any{"password"}}, "username": {Type: "string", Format: "email", MaxLength: pointer(account.MaxEmail), Description: "the e-mail address"},
			"password": {Type: "string", Format: "password"}, "scope": text("scopes, with spaces; without it, all that the account has"),
		}),
		Responses: s.oauthAnswers("The token (RFC 6749, section 5.1)", TokenAnswer{}, fault.InvalidCredentials, fault.AccountDisabled, fault.ValidationFailed, fault.InvalidScope, fault.ClientGone),
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "introspect", Method: "POST", Path: oauthPrefix + "introspect", Tags: []string{verification}, Security: client,
		Summary:     "Whether a token is alive, for an API",
		Description: `RFC 7662. Of a token that is malformed, expired, revoked or not for the API that asks, the answer is {"active":false}. 503 says nothing about the token.`,
		RequestBody: form([]string{"token"}, token),
		Responses:   s.oauthAnswers("What is known of the token", introspection{}),
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "introspect-batch", Method: "POST", Path: batchPath, Tags: []string{verification}, Security: client,
		Summary:     "Whether tokens are alive, for an API",
		Description: "As /oauth/introspect, for up to 100 tokens. The results stand in the order of the tokens. Either all are answered or none.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: object([]string{"tokens"}, map[string]*huma.Schema{
			"tokens": {Type: "array", Items: &huma.Schema{Type: "string"}, MaxItems: pointer(maxBatch)},
		})}}},
		Responses: s.oauthAnswers("What is known of each", introspections{}),
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "revoke", Method: "POST", Path: oauthPrefix + "revoke", Tags: []string{"OAuth"}, Security: perhapsClient,
		Summary:     "End the session of a token",
		Description: "RFC 7009. Whoever holds the token may do so. A client that shows its credentials ends tokens for its own API only. Of a token that is dead already, nothing is told. After 503 the token may live: try again.",
		RequestBody: form([]string{"token"}, token),
		Responses:   s.oauthAnswers("The token is dead", nil),
	})
	if s.Issuer != "" {
		responses := s.answersWith("The metadata", authorizationServer{})
		s.problems(responses, anywhere()...)
		doc.AddOperation(&huma.Operation{
			OperationID: "metadata", Method: "GET", Path: metadataPath, Tags: []string{"OAuth"}, Security: open(),
			Summary: "Where the routes under /oauth are (RFC 8414)", Responses: responses,
		})
	}
}

// withHealthRoutes describes the probes.
func (s *Server) withHealthRoutes() {
	doc := s.api.OpenAPI()
	alive, ready := s.answersWith("The process answers", aliveAnswer{}), s.answersWith("Requests should be sent here", readyAnswer{})
	s.problems(alive, anywhere()...)
	s.problems(ready, anywhere()...)
	elsewhere := ready["503"]
	elsewhere.Description = "Requests should be sent elsewhere: a store is down, the process is about to stop, or too many connections are open (busy)"
	elsewhere.Content["application/json"] = ready["200"].Content["application/json"]
	elsewhere.Headers["Retry-After"].Required = false
	doc.AddOperation(&huma.Operation{
		OperationID: "livez", Method: "GET", Path: "/livez", Tags: []string{"Health"}, Security: open(),
		Summary: "Whether the process answers", Description: "It asks no store.", Responses: alive,
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "readyz", Method: "GET", Path: "/readyz", Tags: []string{"Health"}, Security: open(),
		Summary: "Whether requests should be sent here", Description: "degraded is ready: tokens are verified, while sign-ins and changes may fail.", Responses: ready,
	})
}

// answersWith begins with the one of success, whose body is as the value's type; nil
// if it has none.
func (s *Server) answersWith(what string, body any) answers {
	success := &huma.Response{Description: what}
	if body != nil {
		success.Content = map[string]*huma.MediaType{"application/json": {Schema: s.schemaOf(body)}}
	}
	return answers{"200": success}
}

// oauthAnswers are those of a route under /oauth, with codes of its own.
func (s *Server) oauthAnswers(what string, body any, codes ...fault.Code) answers {
	out := s.answersWith(what, body)
	s.oauthProblems(out, append(append(anywhere(), fault.InvalidClient, fault.StoreUnavailable, fault.ChangeUnderWay), codes...)...)
	return out
}

func form(required []string, properties map[string]*huma.Schema) *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{formType: {Schema: object(required, properties)}}}
}

func object(required []string, properties map[string]*huma.Schema) *huma.Schema {
	return &huma.Schema{Type: "object", Required: required, Properties: properties}
}

func text(doc string) *huma.Schema { return &huma.Schema{Type: "string", Description: doc} }

func pointer[T any](v T) *T { return &v }
