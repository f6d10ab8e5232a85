package bearer

import (
	"encoding/json"
	"net/http"
	"strings"
)

// metadataPath is where the metadata of an API is, before the path of its URL (RFC 9728,
// section 3).
const metadataPath = "/.well-known/oauth-protected-resource"

// Resource is what an API tells of itself (RFC 9728, section 2), so that a client that was
// refused finds out where to get a token, and for what.
type Resource struct {
	// URL names the API, as clients know it: https, no query and no fragment. An app asks
	// auth-api for a token with it (RFC 8707).
	URL string `json:"resource"`
	// AuthorizationServers are the issuers whose tokens the API takes: that of auth-api.
	AuthorizationServers []string `json:"authorization_servers"`
	// Scopes are those that one may need here.
	Scopes []string `json:"scopes_supported,omitempty"`
	// Name is for people.
	Name string `json:"resource_name,omitempty"`
}

// MetadataURL is where the metadata is: between host and path of the URL (RFC 9728, section
// 3.1).
func (r Resource) MetadataURL() string {
	origin, path := r.split()
	return origin + metadataPath + path
}

// MetadataPath is the path of MetadataURL, for a router.
func (r Resource) MetadataPath() string {
	_, path := r.split()
	return metadataPath + path
}

func (r Resource) split() (origin, path string) {
	scheme, rest, _ := strings.Cut(r.URL, "://")
	host, path, hasPath := strings.Cut(rest, "/")
	if hasPath && path != "" {
		path = "/" + path
	}
	return scheme + "://" + host, path
}

// Document is the metadata as JSON.
func (r Resource) Document() []byte {
	document, _ := json.Marshal(struct { // strings alone: it cannot fail
		Resource
		Methods []string `json:"bearer_methods_supported"`
	}{r, []string{"header"}})
	return document
}

// ServeHTTP answers with the metadata, at MetadataPath. Pages of any origin may read it.
func (r Resource) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_, _ = w.Write(r.Document()) // an error: the caller has gone
}
