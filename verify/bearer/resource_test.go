package bearer_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
)

// The examples are those of RFC 9728, section 3.1.
func TestMetadataIsBetweenHostAndPath(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://resource.example.com":           "https://resource.example.com/.well-known/oauth-protected-resource",
		"https://resource.example.com/":          "https://resource.example.com/.well-known/oauth-protected-resource",
		"https://resource.example.com/resource1": "https://resource.example.com/.well-known/oauth-protected-resource/resource1",
	} {
		if got := (bearer.Resource{URL: url}).MetadataURL(); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

func TestClientFindsItsWayFromARefusal(t *testing.T) {
	t.Parallel()
	resource := bearer.Resource{URL: "https://books.example/v1", AuthorizationServers: []string{"https://auth.books.test"}, Scopes: []string{"books:read"}}
	const way = `, scope="books:read", resource_metadata="https://books.example/.well-known/oauth-protected-resource/v1"`
	for name, c := range map[string]struct {
		given     bearer.Credentials
		err       error
		challenge string
	}{
		"no token":   {bearer.Credentials{}, nil, `Bearer realm="books"` + way},
		"dead token": {bearer.Credentials{Authorization: "Bearer x", Headers: 1}, verify.ErrInvalidToken, `Bearer realm="books", error="invalid_token"` + way},
		"too little": {bearer.Credentials{Authorization: "Bearer x", Headers: 1}, nil, `Bearer realm="books", error="insufficient_scope"` + way},
	} {
		guard := bearer.New(bearer.Options{Verifier: &stub{err: c.err, identity: verify.Principal{Audiences: []string{"books"}}}, Audience: "books", Resource: &resource})
		_, refusal := guard.Check(t.Context(), c.given, "books:read")
		if refusal == nil || refusal.Challenge != c.challenge {
			t.Errorf("%s: %+v, want %s", name, refusal, c.challenge)
		}
	}
	w := httptest.NewRecorder()
	resource.ServeHTTP(w, httptest.NewRequest(http.MethodGet, resource.MetadataPath(), nil))
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got["resource"] != resource.URL || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%s, %v", w.Body, err)
	}
}
