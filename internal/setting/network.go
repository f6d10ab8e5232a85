package setting

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Networks is a list of IP networks, separated by commas.
type Networks struct{ List []netip.Prefix }

// Decode parses networks such as 10.0.0.0/8, and single addresses. Bits after the network's
// prefix are ignored.
func (n *Networks) Decode(text string) error {
	entries, err := List(text)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		network, err := parseNetwork(entry)
		if err != nil {
			return fmt.Errorf("entry %d %w", i+1, err)
		}
		if !slices.Contains(n.List, network) {
			n.List = append(n.List, network)
		}
	}
	return nil
}

func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if address, addressErr := netip.ParseAddr(text); addressErr == nil && address.Zone() == "" {
		network, err = netip.PrefixFrom(address, address.BitLen()), nil
	}
	if err != nil {
		return netip.Prefix{}, errors.New("is not a network: write it as 10.0.0.0/8, or an address as 10.0.0.1")
	}
	const mapped = 96 // bits in front of an IPv4 address in IPv6
	if network.Addr().Is4In6() && network.Bits() >= mapped {
		// Callers are compared by their IPv4 addresses, which an IPv6 network does not contain.
		network = netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-mapped)
	}
	if network.Bits() == 0 {
		return netip.Prefix{}, errors.New("is not a network but every address: any caller could then choose their address. Write the networks of your proxies")
	}
	return network.Masked(), nil
}

func (n Networks) String() string {
	texts := make([]string, len(n.List))
	for i, network := range n.List {
		texts[i] = network.String()
	}
	return strings.Join(texts, ",")
}
