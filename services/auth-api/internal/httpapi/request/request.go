// Package request is what a handler knows of an HTTP request besides its parameters,
// and how a request is answered with a problem.
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
	// Realm names the service in challenges (RFC 9110, section 11.5).
	Realm string
	// Gone says whether the client has left; nil if that cannot be known.
	Gone func() bool
	// Problem is what the request was answered with, for its log line; nil for none.
	Problem *problem.Problem
}

type contextKey struct{}

// With puts a request into a context.
func With(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, contextKey{}, r)
}

// Of is the request of a context. It is found false, and empty, before the middleware
// has put one there.
func Of(ctx context.Context) (r *Request, found bool) {
	if r, found = ctx.Value(contextKey{}).(*Request); found {
		return r, true
	}
	return &Request{}, false
}

// Note keeps a problem for the log line.
func Note(ctx context.Context, p *problem.Problem) {
	r, _ := Of(ctx)
	r.Problem = p
}

// Answer answers with a problem, and notes it.
func Answer(c *fiber.Ctx, p *problem.Problem) error {
	Note(c.UserContext(), p)
	for name, values := range p.GetHeaders() {
		for _, value := range values {
			c.Set(name, value)
		}
	}
	return c.Status(p.Status).JSON(p, problem.MediaType)
}
