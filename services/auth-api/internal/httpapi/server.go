package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"auth.books.test/internal/graceful"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/health"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/session"
	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
)

const (
	// bodyLimit is more than any request of ours needs, in bytes, but a batch.
	bodyLimit = 4 << 10
	// batchLimit is for 100 tokens in JSON.
	batchLimit = 8 << 10
	// headerLimit bounds request line and headers, in bytes.
	headerLimit = 8 << 10
	// See timeouts.
	readTimeout  = 10 * time.Second
	writeTimeout = 30 * time.Second
	idleTimeout  = 2 * time.Minute
)

// Accounts is what the routes need of accounts; account.Service does it.
type Accounts interface {
	Register(ctx context.Context, email, password string) error
	Rename(ctx context.Context, id uuid.UUID, name string) (string, error)
	ChangePassword(ctx context.Context, id, keep uuid.UUID, current, next string) error
	Delete(ctx context.Context, id uuid.UUID, current string) error
}

// Sessions is what the routes need of sessions; session.Service does it.
type Sessions interface {
	End(ctx context.Context, account, id uuid.UUID, reason authorization.Reason) error
	EndAll(ctx context.Context, account, keep uuid.UUID) error
	List(ctx context.Context, account uuid.UUID) ([]session.Session, error)
}

// Login signs people in; login.Service does it.
type Login interface {
	Password(ctx context.Context, a login.Attempt) (session.Opened, error)
}

// Clients finds out which client asks; client.Authenticator does it.
type Clients interface {
	Authenticate(ctx context.Context, id, secret string) (client.Client, error)
}

// Health tells the state of what the service stands on.
type Health interface {
	Check(ctx context.Context) health.Report
}

// Options are the parts of a Server. All are needed, but for Offers, Issuer and the
// lists.
type Options struct {
	Accounts      Accounts
	Sessions      Sessions
	Login         Login
	Verifier      verify.Verifier
	Clients       Clients
	Health        Health
	Offers        Offers
	Log           *slog.Logger
	Metrics       prometheus.Registerer
	Now           func() time.Time
	Version       string
	PasswordGrant bool
	// Issuer is the URL of the service as its callers know it; may be empty.
	Issuer      string
	CORSOrigins []string
	// TrustedProxies are those whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// MaxConnections is how many connections may be open at once.
	MaxConnections int
}

// Server answers HTTP requests.
type Server struct {
	Options
	app      *fiber.App
	api      huma.API
	timeouts timeouts
	cors     cors
	proxies  proxies
	draining atomic.Bool
	methods  []string
	listener atomic.Pointer[graceful.Listener]
	metrics  metrics
	// verifier is Options.Verifier, counted.
	verifier *counted
	guard    *bearer.Guard
	door     *door
}

// New makes a server with all its routes.
func New(o Options) (*Server, error) {
	s := &Server{Options: o, metrics: newMetrics(o.Metrics), methods: methods(), timeouts: timeouts{read: readTimeout, write: writeTimeout, idle: idleTimeout}}
	s.cors, s.proxies = newCORS(s.CORSOrigins), newProxies(s.TrustedProxies)
	s.metrics.connections(o.Metrics, &s.listener)
	s.verifier = &counted{s.Verifier, s.metrics.verifications}
	s.guard = s.newGuard()
	s.app = fiber.New(fiber.Config{
		AppName: "auth-api", ServerHeader: "", DisableStartupMessage: true,
		BodyLimit: batchLimit, ReadBufferSize: headerLimit,
		// Fiber reuses its buffers; what outlives a request must be its own.
		Immutable:                    true,
		ErrorHandler:                 s.answerError,
		RequestMethods:               s.methods,
		DisablePreParseMultipartForm: true,
		// A path has one spelling, so that a gateway's rules by path hold.
		CaseSensitive: true, StrictRouting: true,
		JSONEncoder: encodeLine,
	})
	s.door = s.newDoor()
	s.bareRoutes()
	s.useMiddleware()
	s.api = humafiber.NewV2WithGroup(s.app, headToo{s.app}, s.openAPI())
	if err := s.routes(); err != nil {
		return nil, err
	}
	server := s.app.Server()
	server.Handler = s.noting(s.door.before(s.app, s.route))
	server.HeaderReceived, server.ErrorHandler = checkFraming, s.unreadable
	return s, nil
}

// Serve answers on the listener until Shutdown.
func (s *Server) Serve(l net.Listener) error {
	s.metrics.knowRoutes(s.app)
	limited := graceful.NewListener(l, s.MaxConnections)
	s.listener.Store(limited)
	return s.app.Listener(s.timeouts.over(limited))
}

// Drain makes readiness fail, so that no new work is sent here, and each answer the
// last of its connection, so that clients who keep connections leave.
func (s *Server) Drain() { s.draining.Store(true) }

// Shutdown takes no new connections, leaves clients who keep one a last moment to
// use it, closes those that are idle, and lets requests in flight finish until ctx
// ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	if l := s.listener.Load(); l != nil {
		if err := l.Stop(ctx); err != nil {
			return fmt.Errorf("stop listening: %w", err)
		}
		l.Wait(ctx, graceful.LastCall)
	}
	if err := s.app.ShutdownWithContext(ctx); err != nil {
		return errors.Join(errors.New("stop serving: requests in flight did not finish"), err)
	}
	return nil
}
