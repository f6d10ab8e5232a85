package limit

import (
	"context"
	"sync"
	"time"
)

const (
	// maxWaiting bounds how many attempts of one partition wait for their turn.
	maxWaiting = 256
	// lineTimeout bounds how long an attempt waits.
	lineTimeout = 5 * time.Second
)

// lines let a few attempts of each partition work at once. Without them, the reservations
// of an office whose people sign in at the same moment would fill its limit, although
// nobody there guesses; and one address could fill the queue for hashing.
type lines struct {
	mu    sync.Mutex // guards the fields below
	lines map[string]*line
}

// line is one partition's. It exists while somebody works or waits.
type line struct {
	working int
	waiting []chan struct{} // the longest waiting first
}

func newLines() *lines { return &lines{lines: map[string]*line{}} }

// enter waits until fewer than most attempts of the partition work. The caller must call
// leave if ok.
func (l *lines) enter(ctx context.Context, key string, most int) (leave func(), ok bool) {
	l.mu.Lock()
	one := l.lines[key]
	if one == nil {
		one = &line{}
		l.lines[key] = one
	}
	leave = sync.OnceFunc(func() { l.leave(key, one) })
	if one.working < most {
		one.working++
		l.mu.Unlock()
		return leave, true
	}
	if len(one.waiting) >= maxWaiting {
		l.mu.Unlock()
		return nil, false
	}
	turn := make(chan struct{})
	one.waiting = append(one.waiting, turn)
	l.mu.Unlock()

	timer := time.NewTimer(lineTimeout)
	defer timer.Stop()
	select {
	case <-turn:
		return leave, true
	case <-timer.C:
	case <-ctx.Done():
	}
	if l.quit(one, turn) {
		return nil, false
	}
	leave() // Its turn came at the same moment.
	return nil, false
}

// leave lets the next one work.
func (l *lines) leave(key string, one *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(one.waiting) > 0 {
		close(one.waiting[0])
		one.waiting = one.waiting[1:]
		return
	}
	if one.working--; one.working == 0 {
		delete(l.lines, key)
	}
}

// quit takes an attempt out of the line, unless its turn has come.
func (l *lines) quit(one *line, turn chan struct{}) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for n, waiting := range one.waiting {
		if waiting == turn {
			one.waiting = append(one.waiting[:n], one.waiting[n+1:]...)
			return true
		}
	}
	return false
}
