package httpapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/helmet"

	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

const requestIDHeader = "X-Request-Id"

func (s *Server) useMiddleware() {
	s.app.Use(s.observe)
	s.app.Use(helmet.New(helmet.Config{
		ContentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'", XFrameOptions: "DENY",
		HSTSMaxAge: 31536000, ReferrerPolicy: "no-referrer",
	}))
	// Preflights end here; what could not be read is refused before a route is sought.
	s.app.Use(s.cors.preflight, stopRefused, exactPath, answerOptions, limitBody)
}

// observe is around every request: its id, its log line, its metrics, and what
// happens when a handler panics.
func (s *Server) observe(c *fiber.Ctx) (err error) {
	began := s.Now()
	r, id := s.begin(c)
	if err = next(c); err != nil {
		// Answered here, so that the line below knows the status.
		err = s.answerError(c, err)
	}
	took := s.Now().Sub(began)
	route := s.metrics.answered(c, took)
	s.record(c, r, route, id, took)
	return err
}

// begin sets what every answer has, also one to a request that cannot be read.
func (s *Server) begin(c *fiber.Ctx) (r *request, id string) {
	id = requestID(c.Get(requestIDHeader))
	c.Set(requestIDHeader, id)
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	s.cors.allow(c.Context())
	r = &request{ip: s.clientIP(c), userAgent: c.Get(fiber.HeaderUserAgent), gone: departed(c.Context().Conn())}
	c.SetUserContext(context.WithValue(c.UserContext(), requestKey, r))
	return r, id
}

// limitBody holds the limit of all routes but one, which Fiber knows for all
// alike. A compressed body would be small here and large when it is read.
func limitBody(c *fiber.Ctx) error {
	if !isIdentity(c) {
		return fault.New(fault.UnsupportedMediaType, "Send the body as it is, without Content-Encoding.")
	}
	c.Request().Header.Del(fiber.HeaderContentEncoding) // Fiber does not know identity
	if len(c.Request().Body()) > bodyLimit && c.Path() != batchPath {
		return bodyTooLarge()
	}
	return c.Next()
}

// next calls the handlers; a panic of theirs is an error.
func next(c *fiber.Ctx) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return c.Next()
}

// record writes the log line. It has the route's pattern, never the URL: people
// put tokens there.
func (s *Server) record(c *fiber.Ctx, r *request, route, id string, took time.Duration) {
	status := c.Response().StatusCode()
	level := slog.LevelInfo
	switch {
	case r.problem != nil && r.problem.Code == fault.Busy:
		// Turned away by design, and counted; a flood must not fill the log.
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case route == "/livez" || route == "/readyz":
		level = slog.LevelDebug
	}
	if !s.Log.Enabled(c.UserContext(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", id), slog.String("method", knownMethod(c.Method())), slog.String("route", route),
		slog.Int("status", status), slog.Duration("took", took), slog.String("ip", r.ip.String()),
	}
	if r.problem != nil {
		attrs = append(attrs, slog.String("code", string(r.problem.Code)))
		if level == slog.LevelError {
			attrs = append(attrs, slog.Any("error", r.problem.cause))
		}
	}
	s.Log.LogAttrs(c.UserContext(), level, "request", attrs...)
}

// requestID takes over the caller's id if it is fit for a log, and makes one
// otherwise.
func requestID(given string) string {
	fit := len(given) >= 8 && len(given) <= 64
	for _, r := range given {
		fit = fit && (r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	if fit && !token.HasPrefix(given) && !strings.HasPrefix(given, client.Prefix) {
		return given
	}
	return rand.Text()
}

func requestOf(ctx context.Context) *request {
	if r, found := ctx.Value(requestKey).(*request); found {
		return r
	}
	return &request{}
}

func keepProblem(c *fiber.Ctx, p *Problem) { keepIn(c.UserContext(), p) }

// keepIn notes the problem for the log line.
func keepIn(ctx context.Context, p *Problem) { requestOf(ctx).problem = p }
