package httpapi

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
)

// refuse answers why a request is not let through. Pages do not ask here, so
// OPTIONS is no preflight but 405: a proxy that passes methods on would take 204
// for a yes. But Traefik and Caddy hand this answer to the page whose request
// they asked about, and it must be able to read it.
func (d *door) refuse(c *fiber.Ctx, err error) error {
	p := problemOf(err)
	d.cors.allow(c.Context())
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	d.record(c, p)
	return writeProblem(c, p)
}

// record writes a log line for what is not the caller's doing: a failure of
// ours, or a proxy that is configured wrongly.
func (d *door) record(c *fiber.Ctx, p *Problem) {
	level, lines := slog.LevelError, &d.failing
	switch {
	case p.header.Get(fiber.HeaderWWWAuthenticate) != "":
		return
	case p.Status < http.StatusInternalServerError:
		level, lines = slog.LevelWarn, &d.misled
	}
	left, due := lines.due(d.now())
	if !due {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", knownMethod(c.Method())), slog.String("route", verifyPath), slog.Int("status", p.Status),
		slog.String("code", string(p.Code)), slog.Any("error", p.cause), slog.Int64("left_out", left),
	}
	if given := c.Get(requestIDHeader); given != "" && requestID(given) == given {
		attrs = append(attrs, slog.String("request_id", given))
	}
	d.log.LogAttrs(c.UserContext(), level, "request", attrs...)
}

// quiet lets one log line through a second: while a store is away, every request
// fails alike.
type quiet struct {
	next atomic.Int64 // Unix nanoseconds
	left atomic.Int64
}

// due says whether to write a line, and how many were left out since the last.
func (q *quiet) due(now time.Time) (left int64, due bool) {
	next := q.next.Load()
	if now.UnixNano() < next || !q.next.CompareAndSwap(next, now.Add(time.Second).UnixNano()) {
		q.left.Add(1)
		return 0, false
	}
	return q.left.Swap(0), true
}
