package httpapi

import (
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	// corsHeaders are what our own pages, Swagger UI and OpenTelemetry's browser SDK
	// send.
	corsHeaders = "Authorization, Content-Type, Accept, X-Requested-With, " + request.IDHeader + ", traceparent, tracestate, baggage"
	// corsExposed are the headers of answers that a page needs and could not read
	// otherwise.
	corsExposed = "WWW-Authenticate, Retry-After, Allow, " + request.IDHeader
	corsMaxAge  = "600" // seconds
)

// cors lets pages of the allowed origins read answers (Fetch standard, "CORS
// protocol"). It is not Fiber's middleware: that one cannot be applied to what is
// answered before any middleware, such as a body that is too large or GET
// /verify.
type cors struct{ origins map[string]bool }

func newCORS(origins []string) cors {
	p := cors{origins: map[string]bool{}}
	for _, origin := range origins {
		p.origins[strings.ToLower(origin)] = true
	}
	return p
}

// allow marks an answer as readable if the request comes from an allowed origin.
// Others, and requests without an origin, get Vary alone, so that no cache gives
// them the answer of another origin.
func (p cors) allow(ctx *fasthttp.RequestCtx) {
	if len(p.origins) == 0 {
		return
	}
	h := &ctx.Response.Header
	h.Set(fiber.HeaderVary, fiber.HeaderOrigin)
	origin := ctx.Request.Header.Peek(fiber.HeaderOrigin)
	if p.origins[string(origin)] {
		h.SetBytesV(fiber.HeaderAccessControlAllowOrigin, origin)
		h.Set(fiber.HeaderAccessControlExposeHeaders, corsExposed)
	}
}

// preflight is the middleware in which a preflight ends: no handler sees it. GET
// /verify has none, see forward.Door. Server.begin has called allow before.
func (p cors) preflight(c *fiber.Ctx) error {
	asked := c.Get(fiber.HeaderAccessControlRequestMethod)
	if !p.origins[c.Get(fiber.HeaderOrigin)] || c.Method() != fiber.MethodOptions || asked == "" || c.Path() == route.Verify {
		return c.Next()
	}
	c.Vary(fiber.HeaderAccessControlRequestMethod, fiber.HeaderAccessControlRequestHeaders)
	c.Set(fiber.HeaderAccessControlAllowMethods, corsMethods)
	c.Set(fiber.HeaderAccessControlAllowHeaders, allowedHeaders(c.Get(fiber.HeaderAccessControlRequestHeaders)))
	c.Set(fiber.HeaderAccessControlMaxAge, corsMaxAge)
	return c.SendStatus(fiber.StatusNoContent)
}

// allowedHeaders allows whatever an allowed page asks for. No header but
// Authorization gives any right here, and tracing libraries invent new ones.
func allowedHeaders(asked string) string {
	allowed := corsHeaders
	for name := range strings.SplitSeq(asked, ",") {
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

// isToken says whether s is a token of RFC 9110, section 5.6.2, such as the name
// of a header.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}
