package httpapi

import (
	"context"
	"net"
	"reflect"
	"syscall"
)

// leaving is a context that ends when the caller has hung up. fasthttp does not
// tell; the connection is looked at when somebody asks, which the queue for
// hashing does before it spends a processor on a password.
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

// Err is context.Canceled once the caller has gone.
func (d departure) Err() error {
	if err := d.Context.Err(); err != nil {
		return err
	}
	if d.gone() {
		return context.Canceled
	}
	return nil
}

// departed looks whether the other side has closed the connection, without
// reading from it.
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
		_ = control.Control(func(fd uintptr) {
			var b [1]byte
			n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			gone = n == 0 && err == nil || err == syscall.ECONNRESET
		})
		return gone
	}
}

var problemGoType = reflect.TypeFor[Problem]()
