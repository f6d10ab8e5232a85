package forward

import (
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/forward"
)

// Describe adds the route to the OpenAPI document, since huma does not serve it.
func Describe(doc openapi.Document) {
	header := func(doc string) *huma.Header {
		return &huma.Header{Description: doc, Required: true, Schema: openapi.Text("")}
	}
	responses := openapi.Answers{
		"204": {Description: "Let the request through. All six headers are always present; an unknown value is empty. Characters that are not printable ASCII are percent-encoded.", Headers: map[string]*huma.Header{
			forward.User: header("Id of the account; never changes"), forward.Email: header("The account's e-mail address"),
			forward.EmailVerified: header("true if the address was proved to be the person's, or false; empty for a client's own token"),
			forward.Name:          header("What the person wants to be called; may be empty"), forward.Scope: header("The token's scopes, separated by spaces"),
			forward.Session: header("Public id of the session"),
		}},
	}
	doc.Problems(responses, slices.Concat(openapi.Unreadable(), []fault.Code{fault.Internal}, openapi.TokenCodes(true), []fault.Code{fault.Code(bearer.InsufficientUserAuthentication)})...)
	doc.AddOperation(&huma.Operation{
		OperationID: "verify", Method: "GET", Path: route.Verify, Tags: []string{openapi.Verification},
		Summary: "Whether to let a request through",
		Description: "For nginx auth_request, Traefik ForwardAuth, Caddy forward_auth and HAProxy. The proxy is configured with this URL, which says what the token needs. " +
			"Of the request's headers, only Authorization is read. 400 means that the proxy's URL is wrong, or that the request has several tokens; 403 that the token is for another API or lacks a scope.",
		Security: doc.Secured(),
		Parameters: []*huma.Param{
			{Name: "api", In: "query", Required: true, Schema: &huma.Schema{Type: "string", Description: "The API that the token must be for", MaxLength: openapi.Pointer(maxAudience)}, Example: "books"},
			{Name: "scope", In: "query", Schema: openapi.Text("Scopes that the token must have, separated by spaces; the parameter may be repeated. Without it, any token for the API is accepted"), Example: "books:read"},
			{Name: "max_age", In: "query", Schema: openapi.Text("How long ago the person may have signed in, in seconds. Otherwise the answer is 401 insufficient_user_authentication (RFC 9470)"), Example: "900"},
			{Name: "multi_factor", In: "query", Schema: openapi.Text("true: the person must have signed in with a second factor. Otherwise the answer is 401 insufficient_user_authentication"), Example: "true"},
		},
		Responses: responses,
	})
}
