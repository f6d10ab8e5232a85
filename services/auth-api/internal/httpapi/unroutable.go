package httpapi

import (
	"errors"
	"net"
	"slices"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/connection"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
)

// refusalKey is where a request keeps why no route may see it.
type refusalKey struct{}

// route hands a request to Fiber. Fiber answers methods that it does not know by
// itself, before all middleware; here they are refused as all else is.
func (s *Server) route(ctx *fasthttp.RequestCtx) {
	if method := string(ctx.Method()); method == connection.MethodRefused || !slices.Contains(s.methods, method) {
		s.unroutable(ctx)
		return
	}
	s.app.Handler()(ctx)
}

// methods are those that Fiber knows. No route has the last three: TRACE and CONNECT
// are known to HTTP, so that they are answered 405 and not 501.
func methods() []string {
	return []string{fiber.MethodGet, fiber.MethodHead, fiber.MethodPost, fiber.MethodPut, fiber.MethodPatch, fiber.MethodDelete, fiber.MethodOptions,
		fiber.MethodTrace, fiber.MethodConnect, connection.MethodRefused}
}

// unroutable refuses a request whose framing or method is unknown.
func (s *Server) unroutable(ctx *fasthttp.RequestCtx) {
	if f := connection.FramingFault(&ctx.Request.Header); f != nil {
		s.refuse(ctx, f)
		ctx.SetConnectionClose()
		connection.Linger(ctx.Conn())
		return
	}
	s.refuse(ctx, fault.New(fault.MethodUnknown, "This service knows no such method."))
}

// unreadable answers what fasthttp could not read. The connection closes then.
func (s *Server) unreadable(ctx *fasthttp.RequestCtx, err error) {
	if connection.Untouched(ctx.Conn()) {
		// Nothing was sent, so there is nothing to answer.
		_ = ctx.Conn().Close()
		return
	}
	s.refuse(ctx, unreadableFault(err))
	connection.Linger(ctx.Conn())
}

func unreadableFault(err error) error {
	var timeout net.Error
	switch {
	case errors.As(err, new(*fasthttp.ErrSmallBuffer)):
		return fault.New(fault.HeaderTooLarge, "The request line and the header together are larger than 8 KiB.")
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return problem.BodyTooLarge()
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
	ctx.Request.Header.SetMethod(connection.MethodRefused)
	s.app.Handler()(ctx)
}

// stopRefused is the middleware that answers what refuse was called with.
func stopRefused(c *fiber.Ctx) error {
	if cause, refused := c.Context().UserValue(refusalKey{}).(error); refused {
		return cause
	}
	return c.Next()
}

// checkFraming looks at a header before the body is read.
func checkFraming(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	return connection.CheckFraming(h, batchLimit)
}
