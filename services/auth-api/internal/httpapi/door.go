package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"
	"unsafe"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	// Fiber's own base: what is asked at every request of every API passes by its router.
	"github.com/valyala/fasthttp"

	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/forward"
)

const verifyPath = "/verify"

// door is GET /verify: a proxy asks whether to let a request through. What the
// token needs stands in the URL alone, which the proxy is configured with; no
// header but Authorization is read, since clients can set all others.
//
// A proxy waits for it at every request, so it does no more than it must: no
// middleware, no id, no log line but for failures.
type door struct {
	policies policies
	verifier verify.Verifier
	now      func() time.Time
	log      *slog.Logger
	cors     cors
	requests *prometheus.HistogramVec
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
		verifier: s.verifier, now: s.Now, log: s.Log, cors: s.cors,
		requests: s.metrics.requests, passed: s.metrics.requests.WithLabelValues(fiber.MethodGet, verifyPath, "204"),
		names: identityNames{
			user: []byte(forward.User), email: []byte(forward.Email), name: []byte(forward.Name),
			scope: []byte(forward.Scope), session: []byte(forward.Session),
			cacheControl: []byte(fiber.HeaderCacheControl), noStore: []byte("no-store"),
		},
	}
}

// before answers GET /verify as proxies write it, and leaves all else to Fiber,
// whose router would cost as much as the rest of the answer.
func (d *door) before(app *fiber.App, routed fasthttp.RequestHandler) fasthttp.RequestHandler {
	asked := []byte(verifyPath + "?")
	return func(ctx *fasthttp.RequestCtx) {
		query, found := bytes.CutPrefix(ctx.Request.Header.RequestURI(), asked)
		if !found || !ctx.IsGet() {
			routed(ctx)
			return
		}
		// fasthttp has just read the clock, which costs.
		began := ctx.Time()
		if err := d.open(ctx, query, began); err != nil {
			c := app.AcquireCtx(ctx)
			defer app.ReleaseCtx(c)
			_ = d.refuse(c, err)
			d.count(ctx, began)
			return
		}
		// Since reads the monotonic clock alone.
		d.passed.Observe(time.Since(began).Seconds())
	}
}

// handle answers GET and HEAD /verify however they are written.
func (d *door) handle(c *fiber.Ctx) error {
	if !isExact(c) {
		return c.Next() // to where that is refused
	}
	began := d.now()
	err := d.open(c.Context(), c.Request().URI().QueryString(), began)
	if err != nil {
		err = d.refuse(c, err)
	}
	d.count(c.Context(), began)
	return err
}

// open answers 204 with who asks, or tells why not. now is the moment of the
// request.
func (d *door) open(ctx *fasthttp.RequestCtx, query []byte, now time.Time) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	asked := d.policies.of(query)
	known := asked != nil
	if !known {
		if asked, err = parsePolicy(string(query), d.verifier); err != nil {
			return err
		}
	}
	// The verifier has deadlines of its own.
	principal, refusal := asked.guard.Check(context.Background(), borrowed(&ctx.Request), asked.scopes...)
	if refusal != nil {
		return refusal
	}
	if !known {
		d.policies.keep(query, asked)
	}
	d.tell(&ctx.Response, principal)
	return nil
}

// borrowed are the credentials of a request whose URL is a policy, which holds
// none. They are no copy: one a request would have the garbage collector run
// several times a second, and one caller in a hundred wait for it. Verifiers keep
// nothing of a token.
func borrowed(r *fasthttp.Request) bearer.Credentials {
	headers := r.Header.PeekAll(fiber.HeaderAuthorization)
	out := bearer.Credentials{Headers: len(headers)}
	if len(headers) > 0 {
		out.Authorization = unsafe.String(unsafe.SliceData(headers[0]), len(headers[0]))
	}
	return out
}

// tell writes who asks: always all five headers, an unknown one with an empty
// value. Proxies that copy headers may otherwise leave what the client sent, or
// send the name of their own placeholder.
func (d *door) tell(r *fasthttp.Response, who *verify.Principal) {
	var room [256]byte
	h := &r.Header
	h.SetCanonical(d.names.cacheControl, d.names.noStore)
	h.SetCanonical(d.names.user, forward.Value(room[:], who.Subject))
	h.SetCanonical(d.names.session, forward.Value(room[:], who.Authorization))
	h.SetCanonical(d.names.email, forward.Value(room[:], who.Email))
	h.SetCanonical(d.names.name, forward.Value(room[:], who.Name))
	scopes := room[:0]
	for i, scope := range who.Scopes {
		if i > 0 {
			scopes = append(scopes, ' ')
		}
		scopes = forward.AppendValue(scopes, scope)
	}
	h.SetCanonical(d.names.scope, scopes)
	r.SetStatusCode(http.StatusNoContent)
}

func (d *door) count(ctx *fasthttp.RequestCtx, began time.Time) {
	d.requests.WithLabelValues(knownMethod(string(ctx.Method())), verifyPath, strconv.Itoa(ctx.Response.StatusCode())).
		Observe(d.now().Sub(began).Seconds())
}
