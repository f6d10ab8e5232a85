package forward

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/httpapi/problem"
	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// refuse answers why a request is not let through. Traefik and Caddy pass the answer on
// to the page that sent the request, so it has CORS headers. There is no preflight here,
// though: OPTIONS is 405, since a proxy that passes methods on would take 204 for "let
// it through".
func (d *Door) refuse(c *fiber.Ctx, err error) error {
	p := problem.Of(err)
	d.Allow(c.Context())
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	d.record(c, p)
	return request.Answer(c, p)
}

// record logs what the caller did not cause: a failure of this service, or a proxy that
// is configured wrongly.
func (d *Door) record(c *fiber.Ctx, p *problem.Problem) {
	level, lines := slog.LevelError, &d.failures
	switch {
	case p.GetHeaders().Get(fiber.HeaderWWWAuthenticate) != "":
		return
	case p.Status < http.StatusInternalServerError:
		level, lines = slog.LevelWarn, &d.misconfigured
	}
	omitted, due := lines.due(d.Now())
	if !due {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", request.Method(c.Method())), slog.String("route", route.Verify), slog.Int("status", p.Status),
		slog.String("code", string(p.Code)), slog.Any("error", p.Cause()), slog.Int64("left_out", omitted),
	}
	if given := c.Get(request.IDHeader); request.IsID(given) {
		attrs = append(attrs, slog.String("request_id", given))
	}
	d.Log.LogAttrs(c.UserContext(), level, "request", attrs...)
}

// lineLimit allows one log line a second: while a store is down, every request fails in
// the same way.
type lineLimit struct {
	next    atomic.Int64 // when the next line may be written, in Unix nanoseconds
	omitted atomic.Int64 // lines since the last one that was written
}

// due says whether to write a line, and how many were omitted since the last.
func (l *lineLimit) due(now time.Time) (omitted int64, due bool) {
	next := l.next.Load()
	if now.UnixNano() < next || !l.next.CompareAndSwap(next, now.Add(time.Second).UnixNano()) {
		l.omitted.Add(1)
		return 0, false
	}
	return l.omitted.Swap(0), true
}
