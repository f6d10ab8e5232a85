package limit

import (
	"sync"
	"time"
)

const (
	// suspicion is how long an address is a suspect after a miss.
	suspicion = time.Hour
	// patience is how much earlier than it was told an address may come back.
	patience = time.Second
	// maxSuspects bounds the addresses in memory, at about 150 bytes each.
	maxSuspects = 1 << 16
)

// suspects are the addresses from which somebody has missed in the last hour, or has not
// waited when told to. Each replica has its own: an address is new to each of them once.
type suspects struct {
	mu    sync.Mutex // guards the fields below
	seen  map[string]suspect
	swept time.Time
}

type suspect struct {
	until time.Time // it is a suspect until then
	wait  time.Time // it was told to wait until then
}

func newSuspects() *suspects { return &suspects{seen: map[string]suspect{}} }

// is says whether an address that asks now is a suspect. One that was told to wait longer
// becomes a suspect by asking.
func (s *suspects) is(address string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, found := s.seen[address]
	if !found {
		return false
	}
	if one.wait.Sub(now) > patience {
		one.until = now.Add(suspicion)
		s.seen[address] = one
	}
	return one.until.After(now)
}

// missed makes an address a suspect.
func (s *suspects) missed(address string, now time.Time) {
	s.note(address, now, func(one *suspect) { one.until = now.Add(suspicion) })
}

// refused notes that an address was told to wait.
func (s *suspects) refused(address string, now time.Time, wait time.Duration) {
	s.note(address, now, func(one *suspect) { one.wait = now.Add(wait) })
}

func (s *suspects) note(address string, now time.Time, change func(*suspect)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	one, found := s.seen[address]
	if !found && len(s.seen) >= maxSuspects {
		s.forgetOne()
	}
	change(&one)
	s.seen[address] = one
}

// forgetOne makes room: whichever address Go's map gives first. The caller holds mu.
func (s *suspects) forgetOne() {
	for address := range s.seen {
		delete(s.seen, address)
		return
	}
}

// sweep deletes addresses that are no suspects any more. The caller holds mu.
func (s *suspects) sweep(now time.Time) {
	if now.Sub(s.swept) < sweepEvery {
		return
	}
	s.swept = now
	for address, one := range s.seen {
		if !one.until.After(now) && !one.wait.After(now) {
			delete(s.seen, address)
		}
	}
}
