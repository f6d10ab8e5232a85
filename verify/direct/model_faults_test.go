package direct_test

import (
	"context"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"auth.books.test/verify/direct"
)

// breakThings injects one fault after the other and repairs it.
func (m *model) breakThings(ctx context.Context, r *mathrand.Rand) {
	for ctx.Err() == nil {
		v := m.verifiers[r.IntN(len(m.verifiers))]
		length := time.Duration(20+r.IntN(900)) * time.Millisecond
		name, mend := m.breakOne(v, r)
		m.faults[name]++
		if name == slowReads {
			length %= direct.RedisCallTimeout // later answers time out
		}
		pause(ctx, length)
		mend()
		pause(ctx, time.Duration(r.IntN(400))*time.Millisecond)
	}
}

const slowReads = "slow reads"

func (m *model) breakOne(v *modelVerifier, r *mathrand.Rand) (name string, mend func()) {
	mendProxy := func(up func()) func() { return func() { v.proxy.Restore(); up() } }
	switch r.IntN(9) {
	case 0: // the tracking connection goes silent, reads continue
		held := max(0, v.proxy.Accepted()-1-r.IntN(2))
		up := v.down.begin()
		v.proxy.StallThose(func(n int) bool { return n <= held })
		return "silent connections", mendProxy(up)
	case 1, 7, 8: // replies to reads are late, pushes arrive
		first := v.proxy.Accepted() - r.IntN(3)
		up := v.down.begin()
		v.proxy.StallThose(func(n int) bool { return n >= first })
		return slowReads, mendProxy(up)
	case 2:
		up := v.down.begin()
		v.proxy.Stall()
		return "partition", mendProxy(up)
	case 3:
		up := v.down.begin()
		v.proxy.Cut()
		return "cut", mendProxy(up)
	case 4:
		up := m.down.begin()
		m.process.Freeze()
		return "Redis hangs", func() { m.process.Thaw(); up() }
	case 5:
		up := m.down.begin()
		m.process.Kill()
		return "Redis crashes", func() { m.process.Start(); up() }
	default:
		up := m.down.begin()
		_ = m.store.Do(context.Background(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes").Err()
		return "connections killed", up
	}
}

// disturbances are the times during which a Redis was faulty.
type disturbances struct {
	mu    sync.Mutex
	spans [][2]time.Time
}

// recovery is how long after a fault a call may still fail, because it began before or uses
// a connection that has not noticed the repair.
const recovery = 1500 * time.Millisecond

func (d *disturbances) begin() (end func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := len(d.spans)
	d.spans = append(d.spans, [2]time.Time{time.Now()})
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.spans[i][1] = time.Now()
	}
}

func (d *disturbances) during(from, to time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.spans, func(s [2]time.Time) bool {
		return s[0].Before(to) && (s[1].IsZero() || s[1].Add(recovery).After(from))
	})
}
