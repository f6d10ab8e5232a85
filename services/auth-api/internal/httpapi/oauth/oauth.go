// Package oauth serves the endpoints that OAuth defines: token (RFC 6749), introspection
// (RFC 7662) and revocation (RFC 7009). Requests are forms, and
// errors have OAuth's form.
package oauth

import (
	"context"
	"net/netip"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	domain "auth.books.test/services/auth-api/internal/oauth"
	"auth.books.test/services/auth-api/internal/refresh"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// Clients authenticates clients; client.Authenticator implements it.
type Clients interface {
	Authenticate(ctx context.Context, id, secret string) (client.Client, error)
}

// Limits counts wrong secrets of clients; limit.Limiter implements it.
type Limits interface {
	MissClient(ctx context.Context, from netip.Addr) error
}

// Refusals records what was refused; audit.Refusals implements it.
type Refusals interface {
	Note(ctx context.Context, e audit.Event)
}

// Sessions ends sessions; session.Service implements it.
type Sessions interface {
	End(ctx context.Context, account, id uuid.UUID, reason authorization.Reason) error
}

// Identifier authenticates clients at the token endpoint; client.Identifier implements it.
type Identifier interface {
	Identify(ctx context.Context, p client.Presented) (client.Registration, error)
	// Origins are those of the pages of a client.
	Origins(ctx context.Context, id string) ([]string, error)
}

// Codes exchanges authorization codes; oauth.Service implements it.
type Codes interface {
	Exchange(ctx context.Context, e domain.Exchange) (domain.Tokens, error)
	Push(ctx context.Context, app client.App, p domain.Params) (requestURI string, refusal *domain.Refusal, err error)
	Target(ctx context.Context, resources, allowed []string) ([]string, error)
}

// Authorizations issues and ends tokens; authorization.Service implements it.
type Authorizations interface {
	Refresh(ctx context.Context, r authorization.Renewal) (authorization.Issued, error)
	Draw(ctx context.Context, d authorization.Drawing) (authorization.Issued, error)
	OwnerOf(ctx context.Context, id uuid.UUID) (authorization.Owner, error)
	EndOne(ctx context.Context, id uuid.UUID, verb audit.Verb, reason authorization.Reason) error
	EndToken(ctx context.Context, subject authorization.Subject, hash token.Hash, verb audit.Verb) error
}

// RefreshTokens reads refresh tokens; refresh.Tokens implements it.
type RefreshTokens interface {
	Parse(text string) (refresh.Token, error)
}

// IDTokens makes the ID tokens of people who sign in to an app (OpenID Connect Core, section
// 2).
type IDTokens interface {
	IDToken(ctx context.Context, t domain.Tokens, app client.App) (string, error)
}

// Grants are what the token endpoint issues tokens with.
type Grants struct {
	Identifier     Identifier
	Codes          Codes
	Authorizations Authorizations
	Refreshes      RefreshTokens
	// IDTokens may be nil: then there are none.
	IDTokens IDTokens
	// AccessLifetime is how long access tokens of apps and programs live.
	AccessLifetime time.Duration
	// PerSecond and Alive are how many tokens of its own a client may draw in a second, and
	// have alive.
	PerSecond, Alive int
}

// Options are the parts of a Service.
type Options struct {
	Grants
	Login         signin.Login
	Clients       Clients
	Limits        Limits
	Refusals      Refusals
	Sessions      Sessions
	Verifier      verify.Verifier
	Now           func() time.Time
	PasswordGrant bool
	// Issuer is the URL of the service as its callers know it; may be empty.
	Issuer  string
	Metrics prometheus.Registerer
	// Narrow says whether the page that called, whose client is known now, may read the
	// answer. It may be nil.
	Narrow func(ctx *fasthttp.RequestCtx, allowed bool)
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
	app.Post(route.PushedRequest, s.push)
	s.describe(doc)
}
