package httpapi

import (
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// proxies are the networks of trusted proxies, whose X-Forwarded-For is believed.
// Forwarded (RFC 7239) is ignored: a proxy that writes one of the two headers passes
// the other on as the client sent it.
type proxies []netip.Prefix

func newProxies(networks []netip.Prefix) proxies {
	p := make(proxies, 0, len(networks))
	for _, network := range networks {
		// Compare IPv4-mapped IPv6 addresses as IPv4.
		if network.Addr().Is4In6() && network.Bits() >= 96 {
			network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
		}
		p = append(p, network.Masked())
	}
	return p
}

// client is the nearest address that is not a trusted proxy. forwarded are the lines
// of X-Forwarded-For in their order; together they are one list (RFC 9110, section
// 5.3), to which each proxy appends the address that called it. The list is read from
// the right, since the client may have invented everything to the left of the first
// address that is not a trusted proxy. At an element that is not an address, the
// result is the proxy that wrote it.
func (p proxies) client(peer netip.Addr, forwarded ...string) netip.Addr {
	found := plain(peer)
	if !p.trust(found) {
		return found
	}
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.Trim(hops[i], " \t")
		if hop == "" {
			continue // RFC 9110, section 5.6.1.2
		}
		ip, ok := parseHop(hop)
		if !ok {
			break
		}
		if found = ip; !p.trust(found) {
			break
		}
	}
	return found
}

func (p proxies) trust(ip netip.Addr) bool {
	for _, network := range p {
		if network.Contains(ip) {
			return true
		}
	}
	return false
}

// parseHop reads an address, to which some proxies add the port: 192.0.2.1,
// 192.0.2.1:443, 2001:db8::1, [2001:db8::1], [2001:db8::1]:443.
func parseHop(s string) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(s)
	if err != nil {
		if inside, found := strings.CutPrefix(s, "["); found && strings.HasSuffix(inside, "]") {
			s += ":0"
		}
		var withPort netip.AddrPort
		if withPort, err = netip.ParseAddrPort(s); err != nil {
			return netip.Addr{}, false
		}
		ip = withPort.Addr()
	}
	ip = plain(ip)
	return ip, !ip.IsUnspecified()
}

// plain removes the zone of an address, and unmaps an IPv4-mapped one.
func plain(ip netip.Addr) netip.Addr { return ip.WithZone("").Unmap() }

// clientIP is the address of the client that sent the request.
func (s *Server) clientIP(c *fiber.Ctx) netip.Addr {
	peer, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	if len(s.proxies) == 0 {
		if len(c.Request().Header.Peek(fiber.HeaderXForwardedFor)) > 0 {
			s.undeclared.Do(func() {
				s.Log.Warn("a request has X-Forwarded-For, and AUTH_API_TRUSTED_PROXIES is not set: if it came through a proxy, everybody behind it has its address and shares one limit. Said once", "peer", plain(peer).String())
			})
		}
		return plain(peer)
	}
	var lines []string
	for _, line := range c.Request().Header.PeekAll(fiber.HeaderXForwardedFor) {
		lines = append(lines, string(line))
	}
	return s.proxies.client(peer, lines...)
}
