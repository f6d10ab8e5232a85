package httpapi

import (
	"errors"
	"net"
	"net/http"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"auth.books.test/services/auth-api/internal/fault"
)

// refusalKey is where a request keeps why no route may see it.
type refusalKey struct{}

// route hands a request to Fiber. Fiber answers methods that it does not know by
// itself, before all middleware; here they are refused as all else is.
func (s *Server) route(ctx *fasthttp.RequestCtx) {
	if method := string(ctx.Method()); method == methodRefused || !slices.Contains(s.methods, method) {
		s.unroutable(ctx)
		return
	}
	s.app.Handler()(ctx)
}

// methods are those that Fiber knows. No route has the last three: TRACE and CONNECT
// are known to HTTP, so that they are answered 405 and not 501.
func methods() []string {
	return []string{fiber.MethodGet, fiber.MethodHead, fiber.MethodPost, fiber.MethodPut, fiber.MethodPatch, fiber.MethodDelete, fiber.MethodOptions,
		fiber.MethodTrace, fiber.MethodConnect, methodRefused}
}

// unroutable refuses a request whose framing or method is unknown.
func (s *Server) unroutable(ctx *fasthttp.RequestCtx) {
	if f := framingFault(&ctx.Request.Header, new(bool)); f != nil {
		s.refuse(ctx, f)
		ctx.SetConnectionClose()
		lingering(ctx)
		return
	}
	s.refuse(ctx, fault.New(fault.MethodUnknown, "This service knows no such method."))
}

// unreadable answers what fasthttp could not read. The connection closes then.
func (s *Server) unreadable(ctx *fasthttp.RequestCtx, err error) {
	if conn, timed := ctx.Conn().(*timedConn); timed && conn.untouched() {
		// Nothing was sent, so there is nothing to answer.
		_ = conn.Close()
		return
	}
	s.refuse(ctx, unreadableFault(err))
	lingering(ctx)
}

func unreadableFault(err error) error {
	var timeout net.Error
	switch {
	case errors.As(err, new(*fasthttp.ErrSmallBuffer)):
		return fault.New(fault.HeaderTooLarge, "The request line and the header together are larger than 8 KiB.")
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return bodyTooLarge()
	case errors.As(err, &timeout) && timeout.Timeout():
		return fault.New(fault.RequestTimeout, "The request did not come completely within 10 seconds. Send it again.")
	default:
		// The error would repeat what was sent, which may be a token.
		return fault.New(fault.MalformedRequest, "The request cannot be read.")
	}
}

// refuse answers by way of the middleware, which gives the answer an id, a log line,
// a count and its headers.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, cause error) {
	ctx.SetUserValue(refusalKey{}, cause)
	ctx.Request.Header.SetMethod(methodRefused)
	s.app.Handler()(ctx)
}

// stopRefused is the middleware that answers what refuse was called with.
func stopRefused(c *fiber.Ctx) error {
	if cause, refused := c.Context().UserValue(refusalKey{}).(error); refused {
		return cause
	}
	return c.Next()
}

// lingering has the connection take what the client still sends before it closes.
func lingering(ctx *fasthttp.RequestCtx) {
	if conn, timed := ctx.Conn().(*timedConn); timed {
		conn.lingers.Store(true)
	}
}

// statusOfWire is statusOf for what happens below the routes; 0 for other codes.
func statusOfWire(code fault.Code) int {
	switch code {
	case fault.MethodUnknown:
		return http.StatusNotImplemented
	case fault.VersionNotSupported:
		return http.StatusHTTPVersionNotSupported
	case fault.HeaderTooLarge:
		return http.StatusRequestHeaderFieldsTooLarge
	case fault.RequestTimeout, fault.ClientGone:
		return http.StatusRequestTimeout
	default:
		return 0
	}
}
