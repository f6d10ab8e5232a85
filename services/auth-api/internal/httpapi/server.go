package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"auth.books.test/internal/graceful"
	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/health"
	"auth.books.test/services/auth-api/internal/httpapi/connection"
	"auth.books.test/services/auth-api/internal/httpapi/forward"
	"auth.books.test/services/auth-api/internal/httpapi/oauth"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/openid"
	"auth.books.test/services/auth-api/internal/httpapi/page"
	"auth.books.test/services/auth-api/internal/httpapi/rest"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	"auth.books.test/services/auth-api/internal/idtoken"
	"auth.books.test/verify"
)

const (
	// bodyLimit is the largest body of any route but the batch and pages, in bytes.
	bodyLimit = 4 << 10
	// batchLimit is the largest body of a batch, in bytes: 100 tokens in JSON. It is also
	// that of pages, whose forms have what an app asked for.
	batchLimit = 8 << 10
	// headerLimit bounds request line and headers together, in bytes.
	headerLimit = 8 << 10
	// See connection.Timeouts.
	readTimeout  = 10 * time.Second
	writeTimeout = 30 * time.Second
	idleTimeout  = 2 * time.Minute
)

// Health reports the state of the stores.
type Health interface {
	Check(ctx context.Context) health.Report
}

// Limits reserves attempts; limit.Limiter implements it.
type Limits interface {
	rest.Limits
	oauth.Limits
}

// Refusals records what was refused; audit.Refusals implements it.
type Refusals interface {
	Note(ctx context.Context, e audit.Event)
}

// Options are the parts of a Server. All are required except Offers, Issuer,
// CORSOrigins, ClientOrigins and TrustedProxies.
type Options struct {
	Accounts rest.Accounts
	Sessions rest.Sessions
	Personal rest.Personal
	Exports  rest.Exports
	Factors  rest.Factors
	Passkeys page.Passkeys
	Login    signin.Login
	Limits   Limits
	Refusals Refusals
	Events   rest.Events
	Apps     rest.Apps
	Verifier verify.Verifier
	Clients  oauth.Clients
	// Keys sign ID tokens; nil if there are none. OpenID says who people are.
	Keys          *idtoken.Keys
	OpenID        openid.People
	Grants        oauth.Grants
	ClientOrigins ClientOrigins
	Health        Health
	Offers        openapi.Offers
	Log           *slog.Logger
	Metrics       prometheus.Registerer
	Now           func() time.Time
	Version       string
	PasswordGrant bool
	// DocsClient is the public client of the page /docs; "" if there is none.
	DocsClient string
	// Registration says whether anybody may make an account.
	Registration bool
	// Resets says whether somebody who has lost a password can set a new one, by mail.
	Resets bool
	// Realm names the service in challenges (RFC 9110, section 11.5).
	Realm string
	// Issuer is the URL of the service as its callers know it; may be empty.
	Issuer string
	// Pages are what only pages need: New fills in the rest. There are none without an
	// Issuer.
	Pages       page.Options
	CORSOrigins []string
	// TrustedProxies are networks of proxies whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// MaxConnections is how many connections may be open at once.
	MaxConnections int
}

// Server answers HTTP requests.
type Server struct {
	Options
	app      *fiber.App
	timeouts connection.Timeouts
	cors     cors
	proxies  proxies
	draining atomic.Bool
	methods  []string
	listener atomic.Pointer[graceful.Listener]
	metrics  metrics
	refusals *refusals
	pages    *page.Service // nil if there are none
	// undeclared lets the log warn once of a proxy that is not trusted.
	undeclared sync.Once
}

// New makes a server with all its routes.
func New(o Options) (*Server, error) {
	s := &Server{Options: o, metrics: newMetrics(o.Metrics), methods: methods(), timeouts: connection.Timeouts{Read: readTimeout, Write: writeTimeout, Idle: idleTimeout}}
	s.cors, s.proxies = newCORS(s.CORSOrigins, s.ClientOrigins), newProxies(s.TrustedProxies)
	s.refusals = newRefusals(o.Log)
	s.metrics.connections(o.Metrics, &s.listener)
	// Verifications and sign-ins are counted on all routes.
	s.Verifier, s.Login = &countedVerifier{o.Verifier, s.metrics.verifications}, &countedLogin{o.Login, s.metrics.signIns}
	s.app = fiber.New(fiber.Config{
		AppName: "auth-api", ServerHeader: "", DisableStartupMessage: true,
		BodyLimit: batchLimit, ReadBufferSize: headerLimit,
		// Fiber reuses its buffers. Immutable copies strings that may outlive a request.
		Immutable:                    true,
		ErrorHandler:                 s.answerError,
		RequestMethods:               s.methods,
		DisablePreParseMultipartForm: true,
		// A path has one spelling, so that a gateway's rules by path cannot be evaded.
		CaseSensitive: true, StrictRouting: true,
		JSONEncoder: encodeLine,
	})
	door := forward.New(forward.Options{Verifier: s.Verifier, Now: s.Now, Log: s.Log, Allow: s.cors.allow, Requests: s.metrics.requests})
	s.useMiddleware()
	if err := s.addRoutes(); err != nil {
		return nil, err
	}
	server := s.app.Server()
	server.Handler = connection.Handler(&s.draining, door.Handler(s.app, s.route))
	server.HeaderReceived, server.ErrorHandler = checkFraming, s.unreadable
	return s, nil
}

// addRoutes adds the routes of each protocol, and last the OpenAPI document.
func (s *Server) addRoutes() error {
	config := openapi.Config(openapi.Options{Version: s.Version, Issuer: s.Issuer, PasswordGrant: s.PasswordGrant, CodeGrant: s.docsSignIn()})
	rest.Configure(&config)
	api := humafiber.NewV2WithGroup(s.app, headToo{s.app}, config)
	doc := openapi.Document{OpenAPI: api.OpenAPI()}

	s.addHealth(doc)
	if err := s.addDocs(); err != nil {
		return err
	}
	s.addVerify(doc)
	oauth.Add(s.app, doc, oauth.Options{
		Login: s.Login, Limits: s.Limits, Refusals: s.Refusals, Clients: s.Clients, Sessions: s.Sessions, Verifier: s.Verifier, Now: s.Now,
		Grants: s.Grants, PasswordGrant: s.PasswordGrant, Issuer: s.Issuer, Metrics: s.Metrics, Narrow: s.cors.narrow,
	})
	openid.Add(s.app, doc, openid.Options{Issuer: s.Issuer, PasswordGrant: s.PasswordGrant, Keys: s.Keys, People: s.OpenID, Verifier: s.Verifier, Realm: s.Realm})
	rest.Add(api, rest.Options{Accounts: s.Accounts, Sessions: s.Sessions, Personal: s.Personal, Exports: s.Exports, Factors: s.Factors, Passkeys: s.Passkeys, Login: s.Login, Limits: s.Limits, Refusals: s.Refusals, Events: s.Events, Apps: s.Apps, Verifier: s.Verifier, Now: s.Now, Realm: s.Realm, Registration: s.Registration, Resets: s.Resets})
	s.addPages()
	doc.Finish()
	doc.Serve(s.app, s.Offers)
	return nil
}

// addPages adds the pages for people, which the document of the API does not know.
func (s *Server) addPages() {
	if s.Issuer == "" {
		return
	}
	o := s.Pages
	o.Login, o.Sessions, o.Now, o.Issuer = s.Login, s.Sessions, s.Now, s.Issuer
	o.Verifier = &countedBrowsers{o.Verifier, s.metrics.verifications}
	o.Personal, o.Exports, o.Events, o.Names, o.Factors, o.Passkeys = s.Personal, s.Exports, s.Events, s.Accounts, s.Factors, s.Passkeys
	o.Enrolments = signin.Factors{Service: s.Factors, Limits: s.Limits, Refusals: s.Refusals}
	o.Passwords = signin.Passwords{Accounts: s.Accounts, Limits: s.Limits, Refusals: s.Refusals}
	o.Resets = signin.Resets{Available: s.Resets, Accounts: s.Accounts, Limits: s.Limits, Refusals: s.Refusals}
	o.Registration = signin.Registration{Open: s.Registration, Accounts: s.Accounts, Limits: s.Limits, Refusals: s.Refusals}
	s.pages = page.New(o)
	s.pages.Add(s.app)
}

// isPage says whether a path is that of a page for people, which no page of another origin
// may read.
func (s *Server) isPage(path string) bool { return s.pages != nil && route.IsPage(path) }

// Serve answers requests on the listener until Shutdown.
func (s *Server) Serve(l net.Listener) error {
	s.metrics.setRoutes(s.app)
	limited := graceful.NewListener(l, s.MaxConnections)
	s.listener.Store(limited)
	return s.app.Listener(s.timeouts.Listener(limited))
}

// Drain makes /readyz answer 503, so that load balancers send requests elsewhere. Each
// answer from now on closes its connection, so that keep-alive clients move as well.
func (s *Server) Drain() { s.draining.Store(true) }

// Shutdown stops accepting connections, gives keep-alive clients a moment for a last
// request, closes idle connections, and waits for requests in flight until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	defer s.refusals.tell()
	if l := s.listener.Load(); l != nil {
		if err := l.Stop(ctx); err != nil {
			return fmt.Errorf("stop listening: %w", err)
		}
		l.Wait(ctx, graceful.DrainTime)
	}
	if err := s.app.ShutdownWithContext(ctx); err != nil {
		return errors.Join(errors.New("stop serving: requests in flight did not finish"), err)
	}
	return nil
}
