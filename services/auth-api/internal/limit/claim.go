package limit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
)

// Label is the label under which the key of a Limiter is derived from the service ring.
const Label = "limit"

const (
	keyPrefix = "limit:"
	// partitionSize is the number of bytes of a partition's name: 96 bits of its MAC.
	partitionSize = 12
	// Of an IPv6 address these many bits count. A household has at least a /64.
	addressBits, networkBits = 64, 48
)

// claim is a place in a limit.
type claim struct {
	policy
	// key is the name in Redis.
	key string
}

// claim names the place of a partition in a limit. Redis must not tell which addresses
// sign in, so the name is a MAC.
func (l *Limiter) claim(p policy, partition []byte) claim {
	mac := hmac.New(sha256.New, l.Key)
	mac.Write([]byte(p.name))
	mac.Write([]byte{0})
	mac.Write(partition)
	return claim{p, keyPrefix + p.name + ":" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:partitionSize])}
}

// at are the places in a door's limits for a caller's address. The address comes first: a
// flood from one address must not use up what is for all.
func (l *Limiter) at(d door, from netip.Addr) []claim {
	from = from.Unmap().WithZone("")
	claims := []claim{l.claim(d.address, prefix(from, addressBits))}
	if from.Is6() {
		claims = append(claims, l.claim(d.network, prefix(from, networkBits)))
	}
	return append(claims, claim{d.overall, keyPrefix + d.overall.name})
}

// prefix is an IPv4 address, or the first bits of an IPv6 address. Callers whose address is
// unknown share one partition.
func prefix(from netip.Addr, bits int) []byte {
	if from.Is6() {
		network, _ := from.Prefix(bits) // It fails for more bits than the address has.
		from = network.Addr()
	}
	return from.AsSlice()
}
