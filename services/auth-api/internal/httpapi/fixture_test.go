package httpapi_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/services/auth-api/internal/httpapi"
	"auth.books.test/services/auth-api/internal/httpapi/rest"
	"auth.books.test/verify"
)

const token = "bat_k1_4nWq4nWq4nWq4nWq4nWq4nWq4nWq4nWq4nWq4nWq4nW7Zb0aQ"

// door is GET /verify with a verifier that returns what the test sets.
type door struct {
	server *httpapi.Server
	rest.Sessions
	identity verify.Principal
	err      error
	panics   string
	log      *devtest.Output
	registry *prometheus.Registry
	asked    atomic.Int64
}

func newDoor(t testing.TB) *door {
	t.Helper()
	d := &door{log: &devtest.Output{}, registry: prometheus.NewRegistry(), identity: verify.Principal{
		Kind: verify.KindAccount, Authorization: "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", Subject: "01a20cde-60c7-7b5a-afaa-bf4c69d1787c",
		Account: verify.Account{Email: "ada@books.test", Name: "Ada"}, Audiences: []string{"books"}, Scopes: []string{"account", "books:read"},
	}}
	server, err := httpapi.New(httpapi.Options{
		Sessions: d, Verifier: d, Log: slog.New(slog.NewJSONHandler(d.log, nil)), Metrics: d.registry, Now: time.Now, MaxConnections: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	d.server = server
	return d
}

// Verify returns what the test sets.
func (d *door) Verify(context.Context, string) (*verify.Principal, error) {
	d.asked.Add(1)
	if d.panics != "" {
		panic(d.panics)
	}
	return &d.identity, d.err
}
