package forward

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
	// What Fiber is built on: this route stands before its router, see Handler.
	"github.com/valyala/fasthttp"

	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/forward"
)

// Options are the parts of the route.
type Options struct {
	Verifier verify.Verifier
	Now      func() time.Time
	Log      *slog.Logger
	// Allow marks an answer as readable for pages of the allowed origins.
	Allow func(ctx *fasthttp.RequestCtx)
	// Requests counts them, by method, route and status.
	Requests *prometheus.HistogramVec
}

// Door is GET /verify: a proxy asks whether to let a request through. What the
// token needs stands in the URL alone, which the proxy is configured with; no
// header but Authorization is read, since clients can set all others.
//
// A proxy waits for it at every request, so it does no more than it must: no
// middleware, no id, no log line but for failures.
type Door struct {
	Options
	policies policies
	// passed counts what is let through by GET.
	passed prometheus.Observer
	names  headerNames
	// Each has a limit of its own, so that nobody can hide a failure by asking nonsense.
	failures, misconfigured lineLimit
}

// headerNames are ready to be written.
type headerNames struct{ user, email, name, scope, session, cacheControl, noStore []byte }

// New makes a Door.
func New(o Options) *Door {
	return &Door{
		Options: o, passed: o.Requests.WithLabelValues(fiber.MethodGet, route.Verify, "204"),
		names: headerNames{
			user: []byte(forward.User), email: []byte(forward.Email), name: []byte(forward.Name),
			scope: []byte(forward.Scope), session: []byte(forward.Session),
			cacheControl: []byte(fiber.HeaderCacheControl), noStore: []byte("no-store"),
		},
	}
}

// Handler answers GET and HEAD /verify, and leaves all else to next. It stands before
// Fiber's router, which would cost as much as the rest of the answer (BenchmarkVerify;
// `make bench`, GET /verify against an empty answer).
func (d *Door) Handler(app *fiber.App, next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		query, found := queryOf(ctx.Request.Header.RequestURI())
		if !found || !ctx.IsGet() && !ctx.IsHead() {
			next(ctx)
			return
		}
		// fasthttp has just read the clock, which costs.
		began := ctx.Time()
		err := d.open(ctx, query)
		// Since reads the monotonic clock alone.
		if err == nil && ctx.IsGet() {
			d.passed.Observe(time.Since(began).Seconds())
			return
		}
		if err != nil {
			c := app.AcquireCtx(ctx)
			defer app.ReleaseCtx(c)
			_ = d.refuse(c, err)
		}
		d.Requests.WithLabelValues(request.Method(string(ctx.Method())), route.Verify, strconv.Itoa(ctx.Response.StatusCode())).Observe(time.Since(began).Seconds())
	}
}

// queryOf is the query of a request's target, if its path is that of the route, in its
// one spelling.
func queryOf(target []byte) (query []byte, found bool) {
	path, query, _ := bytes.Cut(target, []byte("?"))
	return query, string(path) == route.Verify || string(afterHost(path)) == route.Verify
}

// afterHost is the path of a target that is a URL (RFC 9112, section 3.2.2); nil if it
// is none.
func afterHost(target []byte) []byte {
	for _, scheme := range []string{"http://", "https://"} {
		if len(target) > len(scheme) && bytes.EqualFold(target[:len(scheme)], []byte(scheme)) {
			if at := bytes.IndexByte(target[len(scheme):], '/'); at >= 0 {
				return target[len(scheme)+at:]
			}
		}
	}
	return nil
}

// open answers 204 with who asks, or tells why not.
func (d *Door) open(ctx *fasthttp.RequestCtx, query []byte) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	asked := d.policies.of(query)
	known := asked != nil
	if !known {
		if asked, err = parsePolicy(string(query), d.Verifier); err != nil {
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
func (d *Door) tell(r *fasthttp.Response, who *verify.Principal) {
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
