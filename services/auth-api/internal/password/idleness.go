package password

import (
	"sync"
	"time"
)

// idleness calls release once nothing has run for a while.
type idleness struct {
	after   time.Duration
	release func()

	mu      sync.Mutex
	running int
	timer   *time.Timer
}

func newIdleness(after time.Duration, release func()) *idleness {
	return &idleness{after: after, release: release}
}

func (i *idleness) begin() {
	if i.release == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.running++
	if i.timer != nil {
		i.timer.Stop()
	}
}

func (i *idleness) end() {
	if i.release == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.running--; i.running == 0 {
		i.timer = time.AfterFunc(i.after, i.release)
	}
}
