package httpapi

import (
	"context"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"syscall"

	"github.com/gofiber/fiber/v2"
)

// clientIP is the nearest address that is not a proxy of ours. What stands to
// the left of it in X-Forwarded-For may be invented.
func (s *Server) clientIP(c *fiber.Ctx) netip.Addr {
	remote, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	remote = remote.Unmap()
	if len(s.TrustedProxies) == 0 || !s.trusts(remote) {
		return remote
	}
	hops := strings.Split(c.Get(fiber.HeaderXForwardedFor), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		if remote = hop.Unmap(); !s.trusts(remote) {
			break
		}
	}
	return remote.WithZone("")
}

func (s *Server) trusts(ip netip.Addr) bool {
	for _, network := range s.TrustedProxies {
		if network.Contains(ip) {
			return true
		}
	}
	return false
}

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
