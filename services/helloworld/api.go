package main

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"auth.books.test/verify/bearer"
)

// The API and the scope that `auth-api dev` gives to its sample account.
const (
	audience = "books"
	scope    = "books:read"
)

// readyTimeout limits the check of the verifier's store in /readyz.
const readyTimeout = time.Second

// api answers requests.
type api struct {
	http.Handler
	verifier verifier
	draining atomic.Bool
}

func newAPI(guard *bearer.Guard, v verifier, resource *bearer.Resource) *api {
	mux := http.NewServeMux()
	a := &api{Handler: mux, verifier: v}
	mux.HandleFunc("GET /{$}", a.welcome)
	mux.Handle("GET /hello", guard.Require(scope)(http.HandlerFunc(a.hello)))
	if resource != nil {
		mux.Handle("GET "+resource.MetadataPath(), resource)
	}
	mux.HandleFunc("GET /livez", a.livez)
	mux.HandleFunc("GET /readyz", a.readyz)
	return a
}

// welcome needs no token.
func (a *api) welcome(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, map[string]string{"message": "Hello, world! Send an access token to /hello."})
}

// hello greets the person of the access token.
func (a *api) hello(w http.ResponseWriter, r *http.Request) {
	who, _ := bearer.FromContext(r.Context())
	w.Header().Set("Cache-Control", "no-store") // it has personal data
	write(w, http.StatusOK, map[string]string{"message": "Hello, " + cmp.Or(who.Name, who.Email) + "!", "email": who.Email, "name": who.Name})
}

// livez reports that the process answers.
func (a *api) livez(w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz reports whether requests should be sent here. Without the verifier's store, Redis or
// auth-api, no token can be verified.
func (a *api) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	switch {
	case a.draining.Load():
		write(w, http.StatusServiceUnavailable, map[string]string{"status": "stopping"})
	case a.verifier.ping(ctx) != nil:
		write(w, http.StatusServiceUnavailable, map[string]string{"status": "unavailable", a.verifier.store: "down"})
	default:
		write(w, http.StatusOK, map[string]string{"status": "ok", a.verifier.store: "up"})
	}
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error: the client has gone
}
