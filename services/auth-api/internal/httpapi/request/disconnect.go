package request

import (
	"context"

	"auth.books.test/services/auth-api/internal/fault"
)

// WithDisconnect returns a context whose Err reports that the client is gone. fasthttp
// does not report that, so Err polls the connection. The queue for hashing calls it
// before it spends a processor on a password. Done is not closed.
func WithDisconnect(ctx context.Context) context.Context {
	if r, _ := Of(ctx); r.Gone != nil {
		return disconnectContext{Context: ctx, gone: r.Gone}
	}
	return ctx
}

type disconnectContext struct {
	context.Context
	gone func() bool
}

// Err is a fault that wraps context.Canceled once the client is gone. It has a code of
// its own, so that it is not taken for a failed store.
func (d disconnectContext) Err() error {
	if err := d.Context.Err(); err != nil {
		return err
	}
	if d.gone() {
		return fault.Wrap(fault.ClientGone, "The client closed the connection while the request waited for its turn. Nothing was changed; send it again.", context.Canceled)
	}
	return nil
}
