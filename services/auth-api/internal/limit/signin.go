package limit

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
)

const (
	// Suspects have these parts of the limit of an account and of the one over all. The rest
	// is left to addresses from which nobody has missed: to owners on a new device, while
	// thousands of addresses guess.
	suspectsOfAccount, suspectsOfOverall = 2, 5
	// strangersFree is how many misses at an account suspects may have without a delay.
	strangersFree = 3
	// overallWait is how long somebody has to wait who was refused by the limit over all.
	// Programs that guess come back earlier, and are suspects for it.
	overallWait = 5 * time.Second
)

// SignIn is somebody who tries to sign in.
type SignIn struct {
	From netip.Addr
	// Account is the address that was typed; "" limits no account. Whether there is such an
	// account makes no difference.
	Account string
	// Device is what known devices share their limit by; "" is a stranger.
	Device string
}

// AttemptSignIn reserves a sign-in. Strangers are limited by their address, at the account,
// and over all. A known device has a limit of its account's known devices and no other, so
// that no stranger can keep the owner out. Fault of all Attempts: too_many_attempts.
func (l *Limiter) AttemptSignIn(ctx context.Context, s SignIn) (*Attempt, error) {
	if s.Device != "" {
		return l.reserve(ctx, []claim{l.claim(l.device, []byte(s.Device))})
	}
	now := l.Now()
	claims := l.at(l.signIn, s.From)
	overall := len(claims) - 1
	// Of IPv6 it is the /48: somebody who has one has 65,536 new /64.
	address := claims[overall-1].key
	suspect := l.suspects.is(address, now)
	if s.Account != "" {
		claims = append(claims[:overall], l.atAccount(s.Account, suspect), claims[overall])
		overall++
	}
	if suspect {
		claims[overall].most = max(1, claims[overall].most/suspectsOfOverall)
	}
	a, err := l.reserve(ctx, claims)
	var f *fault.Error
	if err == nil {
		a.address = address
	} else if errors.As(err, &f) && f.Limit != nil && f.Limit.Name == l.signIn.overall.name {
		f.RetryAfter = max(f.RetryAfter, overallWait)
		l.suspects.refused(address, l.Now(), f.RetryAfter)
	}
	return a, err
}

// atAccount is the place in the limit of an account for strangers.
func (l *Limiter) atAccount(typed string, suspect bool) claim {
	sum := l.mac(l.account, []byte(strings.ToLower(typed)))
	var partition [4]byte
	binary.BigEndian.PutUint32(partition[:], uint32(binary.BigEndian.Uint64(sum)%accountPartitions))
	c := l.claim(l.account, partition[:])
	if suspect {
		c.most = max(1, c.most/suspectsOfAccount)
		c.free = strangersFree
	}
	return c
}
