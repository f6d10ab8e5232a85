// Package oauth serves the endpoints that OAuth defines: token (RFC 6749), introspection
// (RFC 7662), revocation (RFC 7009) and metadata (RFC 8414). Requests are forms, and
// errors have OAuth's form.
package oauth

import (
	"context"
	"net/netip"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	"auth.books.test/verify"
)

// Clients authenticates clients; client.Authenticator implements it.
type Clients interface {
	Authenticate(ctx context.Context, id, secret string) (client.Client, error)
}

// Limits counts wrong secrets of clients; limit.Limiter implements it.
type Limits interface {
	MissClient(ctx context.Context, from netip.Addr) error
}

// Sessions ends sessions; session.Service implements it.
type Sessions interface {
	End(ctx context.Context, account, id uuid.UUID, reason authorization.Reason) error
}

// Options are the parts of a Service.
type Options struct {
	Login         signin.Login
	Clients       Clients
	Limits        Limits
	Sessions      Sessions
	Verifier      verify.Verifier
	Now           func() time.Time
	PasswordGrant bool
	// Issuer is the URL of the service as its callers know it. If it is empty, there is no
	// metadata route.
	Issuer  string
	Metrics prometheus.Registerer
}

// Service answers the routes.
type Service struct {
	Options
	introspections *prometheus.CounterVec
}

// Add adds the routes and describes them.
func Add(app *fiber.App, doc openapi.Document, o Options) {
	s := &Service{Options: o, introspections: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "auth_introspections_total", Help: "Tokens that clients asked about, by result: active, inactive; and refused requests: invalid_client, invalid_request, unavailable.",
	}, []string{"result"})}
	o.Metrics.MustRegister(s.introspections)
	app.Post(route.Token, s.token)
	app.Post(route.Introspect, s.introspect)
	app.Post(route.IntrospectBatch, s.introspectBatch)
	app.Post(route.Revoke, s.revoke)
	if s.Issuer != "" {
		app.Get(route.Metadata, s.metadata)
	}
	s.describe(doc)
}
