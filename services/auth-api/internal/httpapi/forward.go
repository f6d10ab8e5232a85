package httpapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"auth.books.test/verify"
	"auth.books.test/verify/fiberbearer"
	"auth.books.test/verify/forward"
)

const verifyPath = "/verify"

// door is GET /verify: a proxy asks whether to let a request through. What the
// token needs stands in the URL alone, which the proxy is configured with; no
// header but Authorization is read, since clients can set all others.
//
// It stands before the middleware. A proxy waits for it at every request, so it
// does no more than it must: no id, no log line but for failures.
type door struct {
	policies policies
	verifier verify.Verifier
	seen     func(verify.Identity)
	now      func() time.Time
	log      *slog.Logger
	metrics  metrics
	// passed counts what is let through by GET.
	passed prometheus.Observer
	names  identityNames
	// Apart, so that nobody who asks nonsense can hide a failure.
	failing, misled quiet
}

// identityNames are ready to be written.
type identityNames struct{ user, email, name, scope, session, cacheControl, noStore []byte }

func (s *Server) newDoor() *door {
	return &door{
		verifier: counted{s.Verifier, s.metrics}, seen: s.Sessions.Seen, now: s.Now, log: s.Log, metrics: s.metrics,
		passed: s.metrics.requests.WithLabelValues(fiber.MethodGet, verifyPath, "204"),
		names: identityNames{
			user: []byte(forward.User), email: []byte(forward.Email), name: []byte(forward.Name),
			scope: []byte(forward.Scope), session: []byte(forward.Session),
			cacheControl: []byte(fiber.HeaderCacheControl), noStore: []byte("no-store"),
		},
	}
}

// handle answers: 204 with who asks, or a refusal as RFC 6750 says.
func (d *door) handle(c *fiber.Ctx) error {
	began := d.now()
	err := d.open(c)
	if err != nil {
		err = d.refuse(c, err)
	}
	took := d.now().Sub(began)
	if c.Response().StatusCode() == http.StatusNoContent && c.Method() == fiber.MethodGet {
		d.passed.Observe(took.Seconds())
	} else {
		d.metrics.answered(c, took)
	}
	return err
}

func (d *door) open(c *fiber.Ctx) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	query := c.Request().URI().QueryString()
	asked := d.policies.of(query)
	known := asked != nil
	if !known {
		if asked, err = parsePolicy(string(query), d.verifier); err != nil {
			return err
		}
	}
	identity, refusal := asked.guard.Check(c.UserContext(), fiberbearer.Credentials(c), asked.scopes...)
	if refusal != nil {
		return refusal
	}
	if !known {
		d.policies.keep(query, asked)
	}
	d.seen(identity)
	d.tell(c, &identity)
	return nil
}

// tell writes who asks.
func (d *door) tell(c *fiber.Ctx, who *verify.Identity) {
	h := &c.Response().Header
	var room [512]byte
	h.SetCanonical(d.names.cacheControl, d.names.noStore)
	h.SetCanonical(d.names.user, forward.AppendValue(room[:0], who.AccountID))
	h.SetCanonical(d.names.session, forward.AppendValue(room[:0], who.SessionID))
	if who.Email != "" {
		h.SetCanonical(d.names.email, forward.AppendValue(room[:0], who.Email))
	}
	if who.Name != "" {
		h.SetCanonical(d.names.name, forward.AppendValue(room[:0], who.Name))
	}
	if len(who.Scopes) > 0 {
		scopes := forward.AppendValue(room[:0], who.Scopes[0])
		for _, scope := range who.Scopes[1:] {
			scopes = forward.AppendValue(append(scopes, ' '), scope)
		}
		h.SetCanonical(d.names.scope, scopes)
	}
	c.Response().SetStatusCode(http.StatusNoContent)
}

// refuse answers why a request is not let through.
func (d *door) refuse(c *fiber.Ctx, err error) error {
	p := problemOf(err)
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
