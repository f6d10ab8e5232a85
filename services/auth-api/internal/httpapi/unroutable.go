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

// refusalKey is the user value that holds why a request is refused before routing.
type refusalKey struct{}

// route passes a request to Fiber. Fiber would answer unknown methods by itself, before
// any middleware runs, so they are refused here.
func (s *Server) route(ctx *fasthttp.RequestCtx) {
	if method := string(ctx.Method()); method == connection.MethodRefused || !slices.Contains(s.methods, method) {
		s.unroutable(ctx)
		return
	}
	s.app.Handler()(ctx)
}

// methods are those that Fiber is configured with. No route has one of the last three.
// TRACE and CONNECT are methods of HTTP, so the answer is 405 and not 501.
func methods() []string {
	return []string{fiber.MethodGet, fiber.MethodHead, fiber.MethodPost, fiber.MethodPut, fiber.MethodPatch, fiber.MethodDelete, fiber.MethodOptions,
		fiber.MethodTrace, fiber.MethodConnect, connection.MethodRefused}
}

// unroutable refuses a request that has bad framing or an unknown method.
func (s *Server) unroutable(ctx *fasthttp.RequestCtx) {
	if f := connection.FramingFault(&ctx.Request.Header); f != nil {
		s.refuse(ctx, f)
		ctx.SetConnectionClose()
		connection.Linger(ctx.Conn())
		return
	}
	s.refuse(ctx, fault.New(fault.MethodUnknown, "This service does not implement the method."))
}

// unreadable answers a request that fasthttp could not read. The connection closes
// afterwards.
func (s *Server) unreadable(ctx *fasthttp.RequestCtx, err error) {
	if connection.Untouched(ctx.Conn()) {
		// The client sent nothing, so there is nothing to answer.
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
		return fault.New(fault.RequestTimeout, "The request did not arrive completely within 10 seconds. Send it again.")
	default:
		// Do not wrap err: it repeats parts of the request, which may hold a token.
		return fault.New(fault.MalformedRequest, "The request cannot be read.")
	}
}

// refuse answers a request through the middleware, so that the answer has an id, a log
// line, metrics and the usual headers.
func (s *Server) refuse(ctx *fasthttp.RequestCtx, cause error) {
	ctx.SetUserValue(refusalKey{}, cause)
	ctx.Request.Header.SetMethod(connection.MethodRefused)
	s.app.Handler()(ctx)
}

// stopRefused is the middleware that returns the error given to refuse.
func stopRefused(c *fiber.Ctx) error {
	if cause, refused := c.Context().UserValue(refusalKey{}).(error); refused {
		return cause
	}
	return c.Next()
}

// checkFraming checks a request's header before its body is read.
func checkFraming(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	return connection.CheckFraming(h, batchLimit)
}
