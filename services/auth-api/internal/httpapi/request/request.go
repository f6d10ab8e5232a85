// Package request holds what a handler knows about an HTTP request besides its
// parameters, and answers requests with problems.
package request

import (
	"context"
	"net/netip"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/httpapi/problem"
)

// Request is one request. The middleware puts it into the context.
type Request struct {
	IP        netip.Addr
	UserAgent string
	// Language is what the request accepts (RFC 9110, section 12.5.4).
	Language string
	// Realm names the service in challenges (RFC 9110, section 11.5).
	Realm string
	// Gone says whether the client has closed the connection; nil if that cannot be known.
	Gone func() bool
	// Problem is the problem that the request was answered with, for its log line; nil if
	// there was none.
	Problem *problem.Problem
}

type contextKey struct{}

// With puts a request into a context.
func With(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, contextKey{}, r)
}

// Of is the request of a context. Before the middleware has put it there, found is false
// and r is empty.
func Of(ctx context.Context) (r *Request, found bool) {
	if r, found = ctx.Value(contextKey{}).(*Request); found {
		return r, true
	}
	return &Request{}, false
}

// Note records a problem for the request's log line.
func Note(ctx context.Context, p *problem.Problem) {
	r, _ := Of(ctx)
	r.Problem = p
}

// Answer answers with a problem, and records it for the log line.
func Answer(c *fiber.Ctx, p *problem.Problem) error {
	Note(c.UserContext(), p)
	for name, values := range p.GetHeaders() {
		for _, value := range values {
			c.Set(name, value)
		}
	}
	return c.Status(p.Status).JSON(p, problem.MediaType)
}
