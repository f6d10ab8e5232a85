package bearer

import (
	"context"

	"auth.books.test/verify"
)

type contextKey struct{}

// NewContext carries who asks, which is shared: do not change it.
func NewContext(ctx context.Context, who *verify.Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, who)
}

// FromContext tells who asks. It is nil and false in a request that no Guard let through.
func FromContext(ctx context.Context) (*verify.Principal, bool) {
	who, found := ctx.Value(contextKey{}).(*verify.Principal)
	return who, found
}
