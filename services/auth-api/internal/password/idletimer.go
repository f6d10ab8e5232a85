package password

import (
	"sync"
	"time"
)

// idleTimer calls release when no hash has run for a while.
type idleTimer struct {
	after   time.Duration
	release func()

	mu      sync.Mutex // guards the fields below
	running int
	timer   *time.Timer
}

func newIdleTimer(after time.Duration, release func()) *idleTimer {
	return &idleTimer{after: after, release: release}
}

func (t *idleTimer) begin() {
	if t.release == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running++
	if t.timer != nil {
		t.timer.Stop()
	}
}

func (t *idleTimer) end() {
	if t.release == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running--; t.running == 0 {
		t.timer = time.AfterFunc(t.after, t.release)
	}
}
