package httpapi

import (
	"context"
	"net"
	"syscall"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
)

// halfCloseTime is how long after the request a client may send the end of its
// stream and still be taken for one that waits for its answer. One that has sent all
// it wants to, such as `nc -N`, says so with the request; one that gives up waiting
// does so later.
const halfCloseTime = 500 * time.Millisecond

// leaving is a context that ends when the client is gone. fasthttp does not tell;
// the connection is looked at when somebody asks, which the queue for hashing does
// before it spends a processor on a password.
func leaving(ctx context.Context) context.Context {
	if r := requestOf(ctx); r.gone != nil {
		return departure{Context: ctx, gone: r.gone}
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

// departed looks whether the client is gone, without reading from the connection.
// It is nil if that cannot be known.
func departed(conn net.Conn) func() bool {
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	return func() bool {
		control, err := raw.SyscallConn()
		if err != nil {
			return false
		}
		gone := false
		_ = control.Control(func(fd uintptr) { gone = isGone(int(fd)) })
		return gone
	}
}
