package httpapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/helmet"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/connection"
	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

func (s *Server) useMiddleware() {
	s.app.Use(s.observe)
	s.app.Use(helmet.New(helmet.Config{
		ContentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'", XFrameOptions: "DENY",
		HSTSMaxAge: 31536000, ReferrerPolicy: "no-referrer",
	}))
	// Preflights end here, and requests that could not be read, before any route is matched.
	s.app.Use(s.cors.preflight, stopRefused, exactPath, answerOptions, limitBody)
}

// observe wraps every request: it gives it an id, a log line and metrics, and answers
// its errors and panics.
func (s *Server) observe(c *fiber.Ctx) (err error) {
	began := s.Now()
	r, id := s.begin(c)
	if err = next(c); err != nil {
		// Answer here, so that the metrics and the log line have the status.
		err = s.answerError(c, err)
	}
	took := s.Now().Sub(began)
	s.record(c, r, s.metrics.answered(c, took), id, took)
	return err
}

// begin sets the headers that every answer has, even that to an unreadable request.
func (s *Server) begin(c *fiber.Ctx) (r *request.Request, id string) {
	id = request.ID(c.Get(request.IDHeader))
	c.Set(request.IDHeader, id)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	if !s.isPage(c.Path()) {
		s.cors.allow(c.Context())
	}
	r = &request.Request{IP: s.clientIP(c), UserAgent: c.Get(fiber.HeaderUserAgent), Language: c.Get(fiber.HeaderAcceptLanguage), Realm: s.Realm, Gone: connection.Gone(c.Context().Conn())}
	ctx := audit.With(c.UserContext(), audit.Origin{RequestID: id, Address: r.IP, Device: r.UserAgent})
	c.SetUserContext(request.With(ctx, r))
	return r, id
}

// limitBody enforces bodyLimit on all routes but the batch and pages: Fiber has one limit for all
// routes, which is batchLimit. It refuses compressed bodies, which could exceed the
// limit once decompressed.
func limitBody(c *fiber.Ctx) error {
	if !request.IsIdentity(c) {
		return fault.New(fault.UnsupportedMediaType, "Send the body as it is, without Content-Encoding.")
	}
	c.Request().Header.Del(fiber.HeaderContentEncoding) // Fiber does not support "identity".
	if len(c.Request().Body()) > bodyLimit && c.Path() != route.IntrospectBatch && !route.IsPage(c.Path()) {
		return problem.BodyTooLarge()
	}
	return c.Next()
}

// next calls the handlers, and returns a panic as an error.
func next(c *fiber.Ctx) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return c.Next()
}

// record writes the log line. It has the pattern of the route, never the URL, since
// people put tokens into URLs.
func (s *Server) record(c *fiber.Ctx, r *request.Request, pattern, id string, took time.Duration) {
	status := c.Response().StatusCode()
	level := slog.LevelInfo
	switch {
	case r.Problem != nil && isRefusal(r.Problem.Code):
		if !s.refusals.note(r.Problem.Code, s.Now()) {
			return
		}
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case pattern == route.Live || pattern == route.Ready:
		level = slog.LevelDebug
	}
	if !s.Log.Enabled(c.UserContext(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", id), slog.String("method", request.Method(c.Method())), slog.String("route", pattern),
		slog.Int("status", status), slog.Duration("took", took), slog.String("ip", r.IP.String()),
	}
	if r.Problem != nil {
		attrs = append(attrs, slog.String("code", string(r.Problem.Code)))
		if level == slog.LevelError {
			attrs = append(attrs, slog.Any("error", r.Problem.Cause()))
		}
	}
	s.Log.LogAttrs(c.UserContext(), level, "request", attrs...)
}
