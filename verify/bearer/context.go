package bearer

import (
	"context"

	"auth.books.test/verify"
)

type contextKey struct{}

// NewContext returns a context that carries the principal, which is shared: do not change
// it.
func NewContext(ctx context.Context, who *verify.Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, who)
}

// FromContext returns the principal of the request, or nil and false if no Guard let the
// request through.
func FromContext(ctx context.Context) (*verify.Principal, bool) {
	who, found := ctx.Value(contextKey{}).(*verify.Principal)
	return who, found
}
