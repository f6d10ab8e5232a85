package bearer

import (
	"maps"
	"net/http"
	"slices"
)

// Credentials are the parts of a request that Check needs.
type Credentials struct {
	// Authorization is the value of the first Authorization header, Headers how many such
	// headers the request has.
	Authorization string
	Headers       int
	// InURL is true if the URL has a parameter access_token (RFC 6750, section 2.3).
	InURL bool
}

// Require lets requests through whose token is for this API and has all of the scopes.
// The handler gets the principal from FromContext.
func (g *Guard) Require(scopes ...string) func(http.Handler) http.Handler {
	scopes = slices.Clone(scopes)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			who, refusal := g.Check(r.Context(), credentialsOf(r), scopes...)
			if refusal != nil {
				refusal.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r.WithContext(NewContext(r.Context(), who)))
		})
	}
}

func credentialsOf(r *http.Request) Credentials {
	return Credentials{
		Authorization: r.Header.Get("Authorization"), Headers: len(r.Header.Values("Authorization")),
		InURL: r.URL.RawQuery != "" && r.URL.Query().Has("access_token"),
	}
}

// ServeHTTP writes the refusal as the response.
func (r *Refusal) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	maps.Copy(w.Header(), r.Header())
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body()) // an error: the caller has gone
}
