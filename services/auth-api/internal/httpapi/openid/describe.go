package openid

import (
	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// describe adds the routes to the OpenAPI document. huma does not serve them.
func (s *Service) describe(doc openapi.Document) {
	public := func(id, path, summary string, body any) {
		answers := doc.Success("The document", body)
		doc.Problems(answers, openapi.Anywhere()...)
		doc.AddOperation(&huma.Operation{OperationID: id, Method: "GET", Path: path, Tags: []string{"OAuth"}, Security: openapi.Open(), Summary: summary, Responses: answers})
	}
	public("metadata", route.Metadata, "Where the endpoints are, and what they do (RFC 8414)", server{})
	if s.Keys == nil {
		return
	}
	public("discovery", route.Discovery, "The same for OpenID Connect (Discovery)", server{})
	public("keys", route.Keys, "The public keys that check ID tokens (RFC 7517)", keySet{})
	for _, method := range []string{"GET", "POST"} {
		answers := doc.Success("What the scopes of the token tell of its person", info{})
		doc.Problems(answers, append(append(openapi.Anywhere(), openapi.TokenCodes(true)...), fault.InvalidGrant)...)
		op := &huma.Operation{OperationID: "userinfo", Method: method, Path: route.UserInfo, Tags: []string{"OAuth"}, Security: doc.Secured(authorization.ScopeOpenID),
			Summary: "Who the person of a token is (OpenID Connect Core, section 5.3)", Responses: answers}
		if method == "POST" {
			op.OperationID = "userinfo-form"
			op.RequestBody = openapi.Form(nil, map[string]*huma.Schema{"access_token": openapi.Text("the access token, if it is not in the header")})
			op.RequestBody.Required = false
		}
		doc.AddOperation(op)
	}
}

// keySet is the form of the public keys in the document.
type keySet struct {
	Keys []struct {
		Type      string `json:"kty" enum:"RSA,EC"`
		ID        string `json:"kid"`
		Use       string `json:"use" enum:"sig"`
		Algorithm string `json:"alg" enum:"RS256,ES256"`
		Modulus   string `json:"n,omitempty"`
		Exponent  string `json:"e,omitempty"`
		Curve     string `json:"crv,omitempty"`
		X         string `json:"x,omitempty"`
		Y         string `json:"y,omitempty"`
	} `json:"keys" nullable:"false"`
}
