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
	// Fiber is built on fasthttp. This route is answered before Fiber's router, see Handler.
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
	// Allow lets pages of the allowed origins read an answer.
	Allow func(ctx *fasthttp.RequestCtx)
	// Requests measures requests, by method, route and status.
	Requests *prometheus.HistogramVec
}

// Door is GET /verify: a proxy asks whether to let a request through. The URL alone, with
// which the proxy is configured, says what the token needs. Authorization is the only
// header that is read, since clients can set any header.
//
// Every request behind the proxy waits for this answer, so the door does only what is
// needed: no middleware, no id, and a log line for failures only.
type Door struct {
	Options
	policies policies
	// passed measures GET requests that are let through. It is looked up once, since
	// looking it up by its labels allocates.
	passed prometheus.Observer
	names  headerNames
	// failures and misconfigured limit the log lines of each kind. They are separate, so
	// that a flood of bad requests cannot keep a failure out of the log.
	failures, misconfigured lineLimit
}

// headerNames are the names of headers as bytes: converting a string at each request
// would allocate (TestVerifyAllocatesNothing).
type headerNames struct {
	user, email, emailVerified, name, scope, session, cacheControl, noStore []byte
}

// New makes a Door.
func New(o Options) *Door {
	return &Door{
		Options: o, passed: o.Requests.WithLabelValues(fiber.MethodGet, route.Verify, "204"),
		names: headerNames{
			user: []byte(forward.User), email: []byte(forward.Email), emailVerified: []byte(forward.EmailVerified), name: []byte(forward.Name),
			scope: []byte(forward.Scope), session: []byte(forward.Session),
			cacheControl: []byte(fiber.HeaderCacheControl), noStore: []byte("no-store"),
		},
	}
}

// Handler answers GET and HEAD /verify, and passes all other requests to next. It runs
// before Fiber's router, which would cost as much as the rest of the answer
// (BenchmarkVerify; `make bench`, GET /verify against an empty answer).
func (d *Door) Handler(app *fiber.App, next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		query, found := queryOf(ctx.Request.Header.RequestURI())
		if !found || !ctx.IsGet() && !ctx.IsHead() {
			next(ctx)
			return
		}
		// Reading the clock is slow, and fasthttp has just read it.
		began := ctx.Time()
		err := d.open(ctx, query)
		// time.Since is cheaper than time.Now: it reads the monotonic clock alone.
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

// queryOf is the query of a request's target. It is found if the path is exactly that of
// the route.
func queryOf(target []byte) (query []byte, found bool) {
	path, query, _ := bytes.Cut(target, []byte("?"))
	return query, string(path) == route.Verify || string(afterHost(path)) == route.Verify
}

// afterHost is the path of a target that is a URL (RFC 9112, section 3.2.2); nil if the
// target is not a URL or has no path.
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

// open answers 204 with the token's principal, or returns why the request is refused.
func (d *Door) open(ctx *fasthttp.RequestCtx, query []byte) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	policy := d.policies.find(query)
	cached := policy != nil
	if !cached {
		if policy, err = parsePolicy(string(query), d.Verifier, d.Now); err != nil {
			return err
		}
	}
	// The verifier has deadlines of its own.
	principal, refusal := policy.guard.Check(context.Background(), credentials(&ctx.Request), policy.scopes...)
	if refusal != nil {
		return refusal
	}
	if !cached {
		d.policies.add(query, policy)
	}
	d.write(&ctx.Response, principal)
	return nil
}

// credentials are those of a request's header; the URL holds a policy and no token. The
// string shares the request's buffer (unsafe), which is safe since verifiers keep nothing
// of a token. A copy for each request would make the garbage collector run several times
// a second, and one request in a hundred wait for it (TestVerifyAllocatesNothing;
// `make bench`, p99 of GET /verify against that of an empty answer).
func credentials(r *fasthttp.Request) bearer.Credentials {
	headers := r.Header.PeekAll(fiber.HeaderAuthorization)
	out := bearer.Credentials{Headers: len(headers)}
	if len(headers) > 0 {
		out.Authorization = unsafe.String(unsafe.SliceData(headers[0]), len(headers[0]))
	}
	return out
}

// verified says whether the address is verified. A client has no address.
func verified(principal *verify.Principal) string {
	switch {
	case principal.Email == "":
		return ""
	case principal.EmailVerified:
		return "true"
	}
	return "false"
}

// write writes the principal: always all six headers, with an empty value if it is
// unknown. If one were missing, a proxy that copies headers might pass on the client's
// own, or the name of a placeholder.
func (d *Door) write(r *fasthttp.Response, principal *verify.Principal) {
	var buffer [256]byte // on the stack, so that encoding does not allocate
	h := &r.Header
	h.SetCanonical(d.names.cacheControl, d.names.noStore)
	h.SetCanonical(d.names.user, forward.Value(buffer[:], principal.Subject))
	h.SetCanonical(d.names.session, forward.Value(buffer[:], principal.Authorization))
	h.SetCanonical(d.names.email, forward.Value(buffer[:], principal.Email))
	h.SetCanonical(d.names.emailVerified, forward.Value(buffer[:], verified(principal)))
	h.SetCanonical(d.names.name, forward.Value(buffer[:], principal.Name))
	scopes := buffer[:0]
	for i, scope := range principal.Scopes {
		if i > 0 {
			scopes = append(scopes, ' ')
		}
		scopes = forward.AppendValue(scopes, scope)
	}
	h.SetCanonical(d.names.scope, scopes)
	r.SetStatusCode(http.StatusNoContent)
}
