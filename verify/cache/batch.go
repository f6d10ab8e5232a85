package cache

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
)

const (
	// DefaultReadTimeout is how long a read may take: one half to wait for its turn,
	// one for Redis.
	DefaultReadTimeout = 500 * time.Millisecond
	// maxBatch bounds what one round trip carries.
	maxBatch = 256
	// lanes are how many round trips go on at once: while one waits for Redis, the
	// other is filled. With more, batches are smaller and all is slower.
	lanes = 2
	// patience is how often others who can run go first, to come along. Who is
	// alone waits a fraction of a microsecond.
	patience = 2
)

// reply is what Redis holds under a key: a hash or a string, by the cache's options.
// Neither is ever empty.
type reply struct {
	fields map[string]string
	text   string
}

func (r reply) missing() bool { return len(r.fields) == 0 && r.text == "" }

// request is one read of a key that waits for its turn.
type request struct {
	key    string
	queued time.Time
	to     answered
}

// answered is told once what came of a request. followed says that the node
// itself answered, not another it pointed to.
type answered interface {
	answer(r reply, followed bool, err error)
}

// batch sends the reads of many callers in one round trip.
type batch struct {
	send    func(ctx context.Context, batch []*request)
	limit   time.Duration
	mu      sync.Mutex
	waiting []*request
	busy    int
}

// read takes a request. Who finds nobody at work sends it, with what came
// meanwhile, and leaves the rest to another goroutine: a lone caller pays for no
// switch between goroutines.
func (b *batch) read(r *request) {
	r.queued = time.Now()
	b.mu.Lock()
	b.waiting = append(b.waiting, r)
	idle := b.busy < lanes
	if idle {
		b.busy++
	}
	b.mu.Unlock()
	if idle && b.turn() {
		go b.run()
	}
}

func (b *batch) run() {
	for b.turn() {
	}
}

// turn sends one batch and says whether there is more.
func (b *batch) turn() (more bool) {
	for range patience {
		runtime.Gosched()
	}
	if live := b.dismiss(b.take()); len(live) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), b.limit)
		b.send(ctx, live)
		cancel()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) > 0 {
		return true
	}
	b.busy--
	b.waiting = nil
	return false
}

func (b *batch) take() []*request {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(len(b.waiting), maxBatch)
	next := b.waiting[:n:n]
	b.waiting = b.waiting[n:]
	return next
}

// dismiss ends the requests whose callers have left: while Redis hangs they
// would only hold up those who still wait.
func (b *batch) dismiss(next []*request) []*request {
	live, now := next[:0], time.Now()
	for _, r := range next {
		if now.Sub(r.queued) > b.limit {
			r.to.answer(reply{}, false, fmt.Errorf("wait for Redis: no turn within %v: %w", b.limit, context.DeadlineExceeded))
			continue
		}
		live = append(live, r)
	}
	return live
}
