package request

import (
	"context"

	"auth.books.test/services/auth-api/internal/fault"
)

// Leaving gives a context that ends when the client is gone. fasthttp reports no such
// thing, so the connection is looked at when somebody calls Err, as the queue for
// hashing does before it spends a processor on a password.
func Leaving(ctx context.Context) context.Context {
	if r, _ := Of(ctx); r.Gone != nil {
		return departure{Context: ctx, gone: r.Gone}
	}
	return ctx
}

type departure struct {
	context.Context
	gone func() bool
}

// Err is a fault that wraps context.Canceled once the client is gone. It has a code
// of its own: no store has failed.
func (d departure) Err() error {
	if err := d.Context.Err(); err != nil {
		return err
	}
	if d.gone() {
		return fault.Wrap(fault.ClientGone, "The connection was closed while the request waited for its turn. Nothing was done; send it again.", context.Canceled)
	}
	return nil
}
