package limit

import (
	"sync"
	"time"
)

const (
	// maxRemembered bounds the partitions in memory, at about 200 bytes each.
	maxRemembered = 1 << 15
	// recheck is how long a refusal by Redis is remembered at most: an attempt that another
	// replica has reserved may be given back at any time.
	recheck    = time.Second
	sweepEvery = 10 * time.Second
)

// memory has the attempts of this replica.
type memory struct {
	mu    sync.Mutex // guards the fields below
	logs  map[string]*attempts
	swept time.Time
}

func newMemory() *memory { return &memory{logs: map[string]*attempts{}} }

// reserve adds an attempt to each limit, unless one of them is full: then it returns its
// number in claims, and how long until it has a place again.
func (m *memory) reserve(claims []claim, id string, now time.Time) (full int, wait time.Duration, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now)
	if n, wait, full := m.fullIn(claims, now); full {
		return n, wait, false
	}
	for _, c := range claims {
		if log := m.log(c); log != nil {
			log.made = append(log.made, made{id, now})
		}
	}
	return 0, 0, true
}

// log is where a limit's attempts are remembered; nil if there is no memory for it: then
// Redis alone counts them. The caller holds mu.
func (m *memory) log(c claim) *attempts {
	log := m.logs[c.key]
	if log == nil && len(m.logs) < maxRemembered {
		log = &attempts{period: c.Period}
		m.logs[c.key] = log
	}
	return log
}

// admits says whether an attempt that was added is within the strict limits.
func (m *memory) admits(claims []claim, id string, now time.Time) (full int, wait time.Duration, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for n, c := range claims {
		log := m.logs[c.key]
		if log == nil { // There was no memory for it.
			return n, c.Period, false
		}
		for place, one := range log.made {
			if one.id == id && place >= c.strict() {
				return n, max(time.Millisecond, log.made[place-c.strict()].at.Add(c.Period).Sub(now)), false
			}
		}
	}
	return 0, 0, true
}

// full is reserve without adding.
func (m *memory) full(claims []claim, now time.Time) (full int, wait time.Duration, is bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fullIn(claims, now)
}

// fullIn is full for a caller that holds mu.
func (m *memory) fullIn(claims []claim, now time.Time) (full int, wait time.Duration, is bool) {
	for n, c := range claims {
		if wait := m.wait(c, now); wait > 0 {
			return n, wait, true
		}
	}
	return 0, 0, false
}

// wait is how long a limit has no place. The caller holds mu.
func (m *memory) wait(c claim, now time.Time) time.Duration {
	log := m.logs[c.key]
	if log == nil {
		return 0
	}
	log.forget(now)
	wait := time.Duration(0)
	if log.refused.After(now) {
		wait = log.free.Sub(now)
	}
	made := len(log.made)
	if excess := made - c.most; excess >= 0 {
		wait = max(wait, log.made[excess].at.Add(c.Period).Sub(now))
	} else if delay := c.delay(made); delay > 0 {
		// Without a delay nobody waits: the one before may have read the clock later.
		wait = max(wait, log.made[made-1].at.Add(delay).Sub(now))
	}
	return wait
}

// remove takes an attempt out of each limit.
func (m *memory) remove(claims []claim, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range claims {
		log := m.logs[c.key]
		if log == nil {
			continue
		}
		for n := len(log.made) - 1; n >= 0; n-- { // Usually it is among the last.
			if log.made[n].id == id {
				log.made = append(log.made[:n], log.made[n+1:]...)
				break
			}
		}
		if len(log.made) == 0 && log.refused.IsZero() {
			delete(m.logs, c.key)
		}
	}
}

// refuse remembers that Redis has no place.
func (m *memory) refuse(c claim, wait time.Duration, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if log := m.log(c); log != nil {
		log.refused, log.free = now.Add(min(wait, recheck)), now.Add(wait)
	}
}

// sweep deletes partitions that say nothing any more. The caller holds mu.
func (m *memory) sweep(now time.Time) {
	if now.Sub(m.swept) < sweepEvery {
		return
	}
	m.swept = now
	for key, log := range m.logs {
		if log.forget(now); len(log.made) == 0 && !log.refused.After(now) {
			delete(m.logs, key)
		}
	}
}
