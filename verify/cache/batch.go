package cache

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
)

const (
	// DefaultReadTimeout is how long a read may take: half of it to wait in the queue,
	// half for Redis.
	DefaultReadTimeout = 500 * time.Millisecond
	// maxBatch is how many reads one round trip carries at most.
	maxBatch = 256
	// lanes is how many round trips are in flight at once: while one waits for Redis,
	// the other is filled. With more lanes, batches are smaller and throughput drops
	// (BenchmarkMiss with 64 callers, in package direct).
	lanes = 2
	// yields is how often a sender lets other goroutines run before it sends, so that
	// their reads join the batch. Without other callers this takes a fraction of a
	// microsecond (BenchmarkMiss).
	yields = 2
)

// reply is the value of a key: a hash or a string, depending on the cache's options.
// Neither is ever empty.
type reply struct {
	fields map[string]string
	text   string
}

func (r reply) missing() bool { return len(r.fields) == 0 && r.text == "" }

// request is one read of a key.
type request struct {
	key    string
	queued time.Time
	to     receiver
}

// receiver gets the result of a request, exactly once. direct is true if the node that
// was asked answered, and false if it redirected the request to another node.
type receiver interface {
	deliver(r reply, direct bool, err error)
}

// batch sends the reads of many callers in one round trip. It exists beside go-redis's
// AutoPipeline because a single caller pays for no switch between goroutines and a
// request times out in the queue; BenchmarkMiss compares both.
type batch struct {
	send  func(ctx context.Context, batch []*request)
	limit time.Duration

	mu      sync.Mutex // guards the fields below
	waiting []*request
	busy    int // lanes in use
}

// read queues a request. If a lane is free, the caller itself sends the next batch, and
// starts a goroutine only for requests that remain: a single caller pays for no switch
// between goroutines.
func (b *batch) read(r *request) {
	r.queued = time.Now()
	b.mu.Lock()
	b.waiting = append(b.waiting, r)
	free := b.busy < lanes
	if free {
		b.busy++
	}
	b.mu.Unlock()
	if free && b.sendNext() {
		go b.run()
	}
}

func (b *batch) run() {
	for b.sendNext() {
	}
}

// sendNext sends one batch and reports whether requests remain. If none do, it frees the
// lane.
func (b *batch) sendNext() (more bool) {
	for range yields {
		runtime.Gosched()
	}
	if live := b.dropExpired(b.take()); len(live) > 0 {
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

// dropExpired fails the requests that have waited too long. While Redis hangs, sending
// them would only delay those whose callers still wait.
func (b *batch) dropExpired(next []*request) []*request {
	live, now := next[:0], time.Now()
	for _, r := range next {
		if now.Sub(r.queued) > b.limit {
			r.to.deliver(reply{}, false, fmt.Errorf("wait for Redis: not sent within %v: %w", b.limit, context.DeadlineExceeded))
			continue
		}
		live = append(live, r)
	}
	return live
}
