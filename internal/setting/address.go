package setting

import (
	"errors"
	"net"
	"net/netip"
	"strings"

	"auth.books.test/verify/storeurl"
)

// Address is where a program listens: host:port, or :port for all addresses of the machine.
// Port 0 means any free port.
type Address string

// Decode parses an address.
func (a *Address) Decode(text string) error {
	host, port, err := net.SplitHostPort(text)
	switch {
	case strings.HasPrefix(text, serviceLink), strings.Contains(text, "://"):
		return errors.New("it is a URL: write host:port, such as 127.0.0.1:8000 or :8000")
	case err != nil:
		return errors.New("write host:port, such as 127.0.0.1:8000, :8000 or [::1]:8000")
	case host != "" && storeurl.CheckHost(host) != nil:
		return errors.New("the host is neither an address nor a name: write host:port, such as 127.0.0.1:8000, or :8000 for all addresses")
	}
	if port != "0" {
		if _, err := storeurl.ParsePort(port); err != nil {
			return errors.New("the port is not a number from 0 to 65535: write host:port, such as 127.0.0.1:8000")
		}
	}
	*a = Address(text)
	return nil
}

// Overlaps says whether it is impossible to listen on both addresses at once.
func (a Address) Overlaps(b Address) bool {
	hostA, portA, errA := net.SplitHostPort(string(a))
	hostB, portB, errB := net.SplitHostPort(string(b))
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	return strings.EqualFold(hostA, hostB) || isEvery(hostA) || isEvery(hostB)
}

// isEvery says whether a host stands for all addresses.
func isEvery(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "" || err == nil && address.IsUnspecified()
}
