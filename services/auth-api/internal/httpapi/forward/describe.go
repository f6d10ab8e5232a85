package forward

import (
	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/verify/forward"
)

// Describe describes the route, which huma does not serve.
func Describe(doc openapi.Document) {
	header := func(doc string) *huma.Header {
		return &huma.Header{Description: doc, Required: true, Schema: openapi.Text("")}
	}
	responses := openapi.Answers{
		"204": {Description: "Let it through. All five headers are always there, empty where there is nothing to tell. Values are percent-encoded where they are not printable ASCII.", Headers: map[string]*huma.Header{
			forward.User: header("Id of the account; never changes"), forward.Email: header("Its address"),
			forward.Name: header("What the person wants to be called; may be empty"), forward.Scope: header("What the token allows, with spaces"),
			forward.Session: header("Public id of the session"),
		}},
	}
	doc.Problems(responses, append(append(openapi.Unreadable(), fault.Internal), openapi.TokenCodes(true)...)...)
	doc.AddOperation(&huma.Operation{
		OperationID: "verify", Method: "GET", Path: route.Verify, Tags: []string{openapi.Verification},
		Summary: "Whether to let a request through",
		Description: "For nginx auth_request, Traefik ForwardAuth, Caddy forward_auth and HAProxy. What the token needs stands in this URL, with which the proxy is configured; " +
			"of the request, only Authorization is read. 400 says that the proxy's URL is wrong, or that the request holds several tokens; 403 that the token is for another API, or lacks a scope.",
		Security: doc.Secured(),
		Parameters: []*huma.Param{
			{Name: "api", In: "query", Required: true, Schema: &huma.Schema{Type: "string", Description: "The API for which the token must be", MaxLength: openapi.Pointer(maxAudience)}, Example: "books"},
			{Name: "scope", In: "query", Schema: openapi.Text("What the token must allow: scopes with spaces, or the parameter several times. Without it, any token of the API will do"), Example: "books:read"},
		},
		Responses: responses,
	})
}
