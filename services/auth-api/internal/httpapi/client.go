package httpapi

import (
	"net/netip"
	"reflect"
	"strings"

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

var problemGoType = reflect.TypeFor[Problem]()
