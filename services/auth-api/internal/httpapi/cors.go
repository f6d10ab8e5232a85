package httpapi

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	// corsHeaders are the request headers that our own pages, Swagger UI and
	// OpenTelemetry's browser SDK send.
	corsHeaders = "Authorization, Content-Type, Accept, X-Requested-With, " + request.IDHeader + ", traceparent, tracestate, baggage"
	// corsExposed are response headers that pages need. Browsers hide them unless they
	// are listed.
	corsExposed = "WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy, Allow, " + request.IDHeader
	corsMaxAge  = "600" // seconds
)

// ClientOrigins knows the origins of the pages of all clients; client.Origins implements it.
type ClientOrigins interface {
	Knows(ctx context.Context, origin string) bool
}

// cors lets pages of the allowed origins read answers (Fetch standard, "CORS
// protocol"): of all routes those of the settings, and of the routes for apps also
// those that clients have registered. Fiber's own CORS middleware would not do: some
// answers are written before any middleware runs, such as 413 and those of GET
// /verify.
type cors struct {
	origins map[string]bool
	// clients may be nil: then no client has pages.
	clients ClientOrigins
}

func newCORS(origins []string, clients ClientOrigins) cors {
	p := cors{origins: map[string]bool{}, clients: clients}
	for _, origin := range origins {
		p.origins[strings.ToLower(origin)] = true
	}
	return p
}

// isForApps says whether pages of clients may call a route. The authorization endpoint
// is never among them (RFC 9700, section 2.6).
func isForApps(path []byte) bool {
	switch string(path) {
	case route.Token, route.Revoke, route.UserInfo:
		return true
	}
	return false
}

// allow marks an answer as readable if the request comes from an allowed origin.
// All other requests get Vary alone, so that a cache never gives one origin the
// answer meant for another.
func (p cors) allow(ctx *fasthttp.RequestCtx) {
	if len(p.origins) == 0 && (p.clients == nil || !isForApps(ctx.Path())) {
		return
	}
	ctx.Response.Header.Set(fiber.HeaderVary, fiber.HeaderOrigin)
	if origin := ctx.Request.Header.Peek(fiber.HeaderOrigin); p.allows(ctx, origin) {
		expose(ctx, origin)
	}
}

// allows says whether pages of the origin may call the route. Which client they are of is
// not known yet.
func (p cors) allows(ctx *fasthttp.RequestCtx, origin []byte) bool {
	if p.origins[string(origin)] {
		return true
	}
	return len(origin) > 0 && p.clients != nil && isForApps(ctx.Path()) && p.clients.Knows(context.Background(), string(origin))
}

func expose(ctx *fasthttp.RequestCtx, origin []byte) {
	ctx.Response.Header.SetBytesV(fiber.HeaderAccessControlAllowOrigin, origin)
	ctx.Response.Header.Set(fiber.HeaderAccessControlExposeHeaders, corsExposed)
}

// narrow decides again when the client is known: whether the page is one of its own.
func (p cors) narrow(ctx *fasthttp.RequestCtx, own bool) {
	origin := ctx.Request.Header.Peek(fiber.HeaderOrigin)
	switch {
	case p.origins[string(origin)]:
	case own:
		expose(ctx, origin)
	default:
		ctx.Response.Header.Del(fiber.HeaderAccessControlAllowOrigin)
		ctx.Response.Header.Del(fiber.HeaderAccessControlExposeHeaders)
	}
}

// preflight is the middleware that answers preflight requests, so that no handler
// sees them. /verify has none, see forward.Door. Server.begin has called allow before.
func (p cors) preflight(c *fiber.Ctx) error {
	requested := c.Get(fiber.HeaderAccessControlRequestMethod)
	if c.Method() != fiber.MethodOptions || requested == "" || c.Path() == route.Verify || route.IsPage(c.Path()) || !p.allows(c.Context(), []byte(c.Get(fiber.HeaderOrigin))) {
		return c.Next()
	}
	c.Vary(fiber.HeaderAccessControlRequestMethod, fiber.HeaderAccessControlRequestHeaders)
	c.Set(fiber.HeaderAccessControlAllowMethods, corsMethods)
	c.Set(fiber.HeaderAccessControlAllowHeaders, allowedHeaders(c.Get(fiber.HeaderAccessControlRequestHeaders)))
	c.Set(fiber.HeaderAccessControlMaxAge, corsMaxAge)
	return c.SendStatus(fiber.StatusNoContent)
}

// allowedHeaders allows every header that an allowed page requests. Only Authorization
// grants anything here, and tracing libraries keep adding headers of their own.
func allowedHeaders(requested string) string {
	allowed := corsHeaders
	for name := range strings.SplitSeq(requested, ",") {
		name = strings.TrimSpace(name)
		if isToken(name) && !containsFold(allowed, name) {
			allowed += ", " + name
		}
	}
	return allowed
}

func containsFold(list, name string) bool {
	for one := range strings.SplitSeq(list, ", ") {
		if strings.EqualFold(one, name) {
			return true
		}
	}
	return false
}

// isToken says whether s is a token as RFC 9110, section 5.6.2, defines it. Names of
// headers are tokens.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}
