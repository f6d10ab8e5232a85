package cache

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// beatsPerBound is how many PINGs go out in the time that one may take: one
	// may be late without the lease ending.
	beatsPerBound = 4
	minPause      = 10 * time.Millisecond
	// refusedPause is how long a Redis that cannot track is left alone. It may be
	// another one by then.
	refusedPause = 30 * time.Second
)

var (
	errForeign = errors.New("a client of this kind does not tell its servers, so their changes cannot be followed")
	errMoved   = errors.New("the cluster's masters have changed")
)

// follow keeps tracking up until ctx ends, one round after the other.
func (c *Cache[K, V]) follow(ctx context.Context) {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		held, err := c.round(ctx)
		if ctx.Err() != nil {
			return
		}
		switch {
		case errors.Is(err, errForeign):
			c.report(Unsupported, err)
			return
		case errors.As(err, new(refusal)):
			c.report(Unsupported, err)
			pause = refusedPause
		case held:
			c.report(Down, err)
			pause = 0
		default:
			c.report(Down, err)
			pause = min(max(2*pause, minPause), c.o.Bound)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// round follows all masters until one of them is lost, there are others, or ctx
// ends. held says that all were followed for a while.
func (c *Cache[K, V]) round(ctx context.Context) (held bool, err error) {
	nodes, err := c.masters(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &terms{lease: &c.lease, proofs: make([]time.Time, len(nodes)), bound: c.o.Bound, whole: func() { c.report(Up, nil) }}
	lost := make(chan error, len(nodes))
	var watchers sync.WaitGroup
	for i, n := range nodes {
		watchers.Go(func() { lost <- c.watch(ctx, n, func(sent time.Time) { t.renew(i, sent) }) })
	}
	select {
	case err = <-lost:
	case <-c.store.changed():
		err = errMoved
	case <-ctx.Done():
		err = ctx.Err()
	}
	// First nothing is served, then nothing is kept, then what was kept goes.
	held = t.end()
	for _, n := range nodes {
		n.tracked.Store(false)
	}
	c.flush()
	cancel()
	watchers.Wait()
	return held, err
}

func (c *Cache[K, V]) masters(ctx context.Context) ([]*node, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.ReadTimeout)
	defer cancel()
	return c.store.masters(ctx)
}

func (c *Cache[K, V]) flush() {
	c.table.flush()
	c.counts.flushes.Add(1)
}

// terms make one lease of many masters: it runs as long as the oldest proof says.
type terms struct {
	mu     sync.Mutex
	lease  *lease
	bound  time.Duration
	proofs []time.Time
	over   bool
	began  bool
	whole  func()
}

// renew notes that what the master acknowledged before sent has been dropped.
func (t *terms) renew(master int, sent time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return
	}
	t.proofs[master] = sent
	oldest := sent
	for _, p := range t.proofs {
		if p.IsZero() {
			return
		}
		if p.Before(oldest) {
			oldest = p
		}
	}
	t.lease.until(oldest.Add(t.bound))
	if !t.began {
		t.began = true
		t.whole()
	}
}

func (t *terms) end() (began bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	t.lease.end()
	return t.began
}
