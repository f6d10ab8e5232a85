package httpapi

import (
	"net/netip"
	"time"

	"github.com/valyala/fasthttp"

	"auth.books.test/services/auth-api/internal/httpapi/connection"
)

// Handler answers requests without a network.
func (s *Server) Handler() fasthttp.RequestHandler { return s.app.Server().Handler }

// Shorten sets other timeouts. Call it before Serve.
func (s *Server) Shorten(read, write, idle time.Duration) {
	s.timeouts = connection.Timeouts{Read: read, Write: write, Idle: idle}
}

// ClientOf is the client's address of a request that a peer has sent with these lines of
// X-Forwarded-For.
func ClientOf(trusted []netip.Prefix, peer netip.Addr, forwarded ...string) netip.Addr {
	return newProxies(trusted).client(peer, forwarded...)
}
