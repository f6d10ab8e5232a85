package httpapi

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"
)

// Handler is what answers requests, without a network.
func (s *Server) Handler() fasthttp.RequestHandler { return s.app.Server().Handler }

// KeepPolicies keeps so many, and tells how many are there then and whether the
// last is.
func KeepPolicies(n int) (kept int, last bool) {
	var p policies
	query := func(i int) []byte { return fmt.Appendf(nil, "api=a%d", i) }
	for i := range n {
		p.keep(query(i), &policy{})
	}
	return len(*p.known.Load()), p.of(query(n-1)) != nil
}

// Timed is a connection as the server's listener gives it.
func Timed(conn net.Conn, read, write, idle time.Duration) net.Conn {
	return newTimedConn(conn, timeouts{read: read, write: write, idle: idle})
}

// Shorten sets other timeouts; before Serve.
func (s *Server) Shorten(read, write, idle time.Duration) {
	s.timeouts = timeouts{read: read, write: write, idle: idle}
}

// ClientOf is where a request comes from that a peer has sent with such lines of
// X-Forwarded-For.
func ClientOf(trusted []netip.Prefix, peer netip.Addr, forwarded ...string) netip.Addr {
	return newProxies(trusted).client(peer, forwarded...)
}

// Departed looks whether the other side of a connection is gone.
func Departed(conn net.Conn) func() bool { return departed(conn) }
