package bearer

import (
	"context"

	"auth.books.test/verify"
)

type contextKey struct{}

// NewContext carries who asks.
func NewContext(ctx context.Context, identity verify.Identity) context.Context {
	return context.WithValue(ctx, contextKey{}, identity)
}

// FromContext tells who asks. It is false in a request that no Guard let through.
func FromContext(ctx context.Context) (verify.Identity, bool) {
	identity, found := ctx.Value(contextKey{}).(verify.Identity)
	return identity, found
}
