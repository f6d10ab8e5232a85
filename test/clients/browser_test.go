package clients_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"auth.books.test/internal/servicetest"
)

// browsers take links of apps through sign-in and consent, for scripts that are apps and have
// no browser. Each name is a browser of its own, with its cookies.
type browsers struct {
	t      *testing.T
	issuer string

	mu     sync.Mutex // guards people, and lets one browser move at a time
	people map[string]*servicetest.Person
}

// serveBrowsers returns the address where a link is posted.
func serveBrowsers(t *testing.T, issuer string) string {
	t.Helper()
	server := httptest.NewServer(&browsers{t: t, issuer: issuer, people: map[string]*servicetest.Person{}})
	t.Cleanup(server.Close)
	return server.URL
}

// errand is a link, in which browser it is opened, and what is said to a consent.
type errand struct {
	URL     string              `json:"url"`
	Browser string              `json:"browser"`
	Answer  servicetest.Consent `json:"answer"`
}

// ServeHTTP answers with the URL at which the browser has left the authorization server, or
// with 502 and the page where it stays.
func (b *browsers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e errand
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.people[e.Browser] == nil {
		b.people[e.Browser] = servicetest.NewPerson(b.t, b.issuer, email, password)
	}
	left, err := b.people[e.Browser].Walk(e.URL, e.Answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(left.String()))
}
