package main_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// books is an API behind a proxy, which remembers what reached it.
type books struct {
	addr string
	mu   sync.Mutex
	seen []reached
}

// reached is a request as the API sees it.
type reached struct {
	method, uri, body string
	header            http.Header
}

func newBooks(t *testing.T) *books {
	b := &books{}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.addr = server.Listener.Addr().String()
	return b
}

func (b *books) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hash := sha256.New()
	n, err := io.Copy(hash, r.Body)
	if err != nil {
		http.Error(w, "the body broke off", http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	b.seen = append(b.seen, reached{r.Method, r.RequestURI, fmt.Sprint(n, " ", hex.EncodeToString(hash.Sum(nil))), r.Header.Clone()})
	b.mu.Unlock()
	_, _ = io.WriteString(w, "here you are")
}

func (b *books) forget() { b.take() }

// take gives what was seen since it was last asked.
func (b *books) take() (seen []reached) {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen, b.seen = b.seen, nil
	return seen
}

// variables are the headers as a CGI program has them: whatever separates words
// is an underscore.
func (r reached) variables() map[string][]string {
	out := map[string][]string{}
	for name, values := range r.header {
		variable := "HTTP_" + strings.Map(func(c rune) rune {
			if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' {
				return c
			}
			return '_'
		}, strings.ToUpper(name))
		for _, value := range values {
			if value != "" {
				out[variable] = append(out[variable], value)
			}
		}
	}
	return out
}

// via sends a request to the proxy as it is written, path and names included.
func (s *site) via(method, target, token, body string, header http.Header) answer {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.addr, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	path, query, _ := strings.Cut(target, "?")
	r.URL.Opaque, r.URL.RawQuery = path, query
	for name, values := range header {
		r.Header[name] = values
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return s.send(r)
}

// passes sends a request that has to reach the API, and tells how it did.
func (s *site) passes(method, target, token, body string, header http.Header) reached {
	s.t.Helper()
	s.books.forget()
	got := s.via(method, target, token, body, header)
	seen := s.books.take()
	if got.status != http.StatusOK || len(seen) != 1 {
		s.t.Fatalf("%s %s: %d %s, the API saw %d requests", method, target, got.status, got.raw, len(seen))
	}
	return seen[0]
}

// stopped sends a request that must not reach the API.
func (s *site) stopped(method, target, token string, header http.Header) answer {
	s.t.Helper()
	s.books.forget()
	got := s.via(method, target, token, "", header)
	if seen := s.books.take(); len(seen) > 0 || got.status < 400 || strings.Contains(got.raw, "here you are") {
		s.t.Errorf("%s %s: %d %s, the API saw %v", method, target, got.status, got.raw, seen)
	}
	return got
}
