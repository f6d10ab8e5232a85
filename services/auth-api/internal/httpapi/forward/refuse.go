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

// refuse answers why a request is not let through. Pages do not ask here, so
// OPTIONS is no preflight but 405: a proxy that passes methods on would take 204
// for a yes. But Traefik and Caddy hand this answer to the page whose request
// they asked about, and it must be able to read it.
func (d *Door) refuse(c *fiber.Ctx, err error) error {
	p := problem.Of(err)
	d.Allow(c.Context())
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	d.record(c, p)
	return request.Answer(c, p)
}

// record writes a log line for what is not the caller's doing: a failure of
// ours, or a proxy that is configured wrongly.
func (d *Door) record(c *fiber.Ctx, p *problem.Problem) {
	level, lines := slog.LevelError, &d.failures
	switch {
	case p.GetHeaders().Get(fiber.HeaderWWWAuthenticate) != "":
		return
	case p.Status < http.StatusInternalServerError:
		level, lines = slog.LevelWarn, &d.misconfigured
	}
	left, due := lines.due(d.Now())
	if !due {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", request.Method(c.Method())), slog.String("route", route.Verify), slog.Int("status", p.Status),
		slog.String("code", string(p.Code)), slog.Any("error", p.Cause()), slog.Int64("left_out", left),
	}
	if given := c.Get(request.IDHeader); request.IsID(given) {
		attrs = append(attrs, slog.String("request_id", given))
	}
	d.Log.LogAttrs(c.UserContext(), level, "request", attrs...)
}

// lineLimit lets one log line through a second: while a store is away, every request
// fails alike.
type lineLimit struct {
	next atomic.Int64 // Unix nanoseconds
	left atomic.Int64
}

// due says whether to write a line, and how many were left out since the last.
func (l *lineLimit) due(now time.Time) (left int64, due bool) {
	next := l.next.Load()
	if now.UnixNano() < next || !l.next.CompareAndSwap(next, now.Add(time.Second).UnixNano()) {
		l.left.Add(1)
		return 0, false
	}
	return l.left.Swap(0), true
}
