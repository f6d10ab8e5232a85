package limit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"time"
)

// Label is the label under which the key of a Limiter is derived from the service ring.
const Label = "limit"

const (
	keyPrefix = "limit:"
	// partitionSize is the number of bytes of a partition's name: 96 bits of its MAC.
	partitionSize = 12
	// accountPartitions bounds how many keys the limits of accounts make: it is within
	// config.MaxLimitKeys. Accounts that share a partition share its attempts, which matters
	// only while thousands of accounts are attacked at once.
	accountPartitions = 24_000
	// Of an IPv6 address these many bits count. A household has at least a /64.
	addressBits, networkBits = 64, 48
)

// claim is a place in a limit.
type claim struct {
	policy
	// key is the name in Redis.
	key string
	// most is how many attempts there may be: those of the policy, or a part of them.
	most int
}

// strict is what is left without Redis.
func (c claim) strict() int { return max(1, c.most/strictShare) }

// delay is how long an attempt must come after the one before, if there are already made
// attempts in the period. The last one that the limit allows waits for a quarter of it.
func (c claim) delay(made int) time.Duration {
	if c.free == 0 || made < c.free || made >= c.most {
		return 0
	}
	return c.Period >> min(c.most-made+1, 62)
}

// claim names the place of a partition in a limit. Redis must not tell which addresses
// sign in, so the name is a MAC.
func (l *Limiter) claim(p policy, partition []byte) claim {
	return claim{policy: p, key: keyPrefix + p.name + ":" + base64.RawURLEncoding.EncodeToString(l.mac(p, partition)[:partitionSize]), most: p.Attempts}
}

func (l *Limiter) mac(p policy, partition []byte) []byte {
	mac := hmac.New(sha256.New, l.Key)
	mac.Write([]byte(p.name))
	mac.Write([]byte{0})
	mac.Write(partition)
	return mac.Sum(nil)
}

// at are the places in a door's limits for a caller's address. The address comes first: a
// flood from one address must not use up what is for all.
func (l *Limiter) at(d door, from netip.Addr) []claim {
	from = from.Unmap().WithZone("")
	claims := []claim{l.claim(d.address, prefix(from, addressBits))}
	if from.Is6() {
		claims = append(claims, l.claim(d.network, prefix(from, networkBits)))
	}
	return append(claims, claim{policy: d.overall, key: keyPrefix + d.overall.name, most: d.overall.Attempts})
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
