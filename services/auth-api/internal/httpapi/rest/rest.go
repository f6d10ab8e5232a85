// Package rest serves the JSON API under /v1: accounts and their sessions. All its routes
// are in routes.go; errors are problem details.
package rest

import (
	"context"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	"auth.books.test/services/auth-api/internal/httpapi/strictjson"
	"auth.books.test/services/auth-api/internal/limit"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
)

// Accounts is what the routes need of accounts; account.Service implements it.
type Accounts interface {
	RequestRegistration(ctx context.Context, email, language string) (uuid.UUID, error)
	Rename(ctx context.Context, id uuid.UUID, name string) (string, error)
	signin.PasswordAccounts
	signin.ResetAccounts
}

// Sessions is what the routes need of sessions; session.Service implements it.
type Sessions interface {
	End(ctx context.Context, account, id uuid.UUID, reason authorization.Reason) error
	EndAll(ctx context.Context, account, keep uuid.UUID) error
	List(ctx context.Context, account uuid.UUID) ([]session.Session, error)
}

// Limits reserves what may be tried only so often; limit.Limiter implements it. Sign-ins
// are limited in package login.
type Limits interface {
	AttemptRegistration(ctx context.Context, from netip.Addr) (*limit.Attempt, error)
	AttemptPassword(ctx context.Context, from netip.Addr, session uuid.UUID) (*limit.Attempt, error)
	AttemptSignIn(ctx context.Context, s limit.SignIn) (*limit.Attempt, error)
}

// Refusals records what was refused; audit.Refusals implements it.
type Refusals interface {
	Note(ctx context.Context, e audit.Event)
}

// Events reads events; audit.Store implements it.
type Events interface {
	Events(ctx context.Context, q audit.Query) (found []audit.Recorded, next audit.Cursor, err error)
}

// Options are the parts of a Service.
type Options struct {
	Accounts Accounts
	Sessions Sessions
	Login    signin.Login
	Limits   Limits
	Refusals Refusals
	Events   Events
	Apps     Apps
	Personal Personal
	Exports  Exports
	Factors  Factors
	Passkeys Passkeys
	Verifier verify.Verifier
	Now      func() time.Time
	// Realm names the service in challenges.
	Realm string
	// Registration says whether anybody may make an account.
	Registration bool
	// Resets says whether somebody who has lost a password can set a new one, by mail.
	Resets bool
}

// Service answers the routes.
type Service struct {
	Options
	api   huma.API
	doc   openapi.Document
	guard *bearer.Guard
}

// Configure makes huma read JSON strictly, and answer errors as problems.
func Configure(config *huma.Config) {
	config.Transformers = []huma.Transformer{fromHuma}
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: strictjson.Unmarshal}
	// Huma looks up the format of application/problem+json as "json".
	config.Formats = map[string]huma.Format{fiber.MIMEApplicationJSON: format, "json": format}
}

// Add adds the routes and describes them.
func Add(api huma.API, o Options) {
	s := &Service{Options: o, api: api, doc: openapi.Document{OpenAPI: api.OpenAPI()}, guard: newGuard(o)}
	api.UseMiddleware(s.authorise, readable)
	s.routes()
	describeLimits(s.doc)
}
