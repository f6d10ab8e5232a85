package cache

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// pingsPerBound is how many PINGs are sent within the bound, so that one may be late
	// without the lease ending.
	pingsPerBound = 4
	minPause      = 10 * time.Millisecond
	// refusedPause is how long to wait before asking a Redis again that refused tracking.
	// It may have been replaced by then.
	refusedPause = 30 * time.Second
)

var (
	errForeign = errors.New("a client of this type does not tell its servers, so their changes cannot be tracked")
	errMoved   = errors.New("the cluster's masters have changed")
)

// track keeps tracking up until ctx ends, one round after the other.
func (c *Cache[K, V]) track(ctx context.Context) {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		wasUp, err := c.round(ctx)
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
		case wasUp:
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

// round tracks all masters until a connection to one is lost, the set of masters
// changes, or ctx ends. wasUp reports whether all were tracked at some time.
func (c *Cache[K, V]) round(ctx context.Context) (wasUp bool, err error) {
	nodes, err := c.masters(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group := &leaseGroup{lease: &c.lease, confirmed: make([]time.Time, len(nodes)), bound: c.o.Bound, onUp: func() { c.report(Up, nil) }}
	lost := make(chan error, len(nodes))
	var watchers sync.WaitGroup
	for i, n := range nodes {
		watchers.Go(func() { lost <- c.watch(ctx, n, func(sent time.Time) { group.renew(i, sent) }) })
	}
	select {
	case err = <-lost:
	case <-c.store.changed():
		err = errMoved
	case <-ctx.Done():
		err = ctx.Err()
	}
	// Order matters: first stop serving the cache, then stop filling it, then empty it.
	wasUp = group.end()
	for _, n := range nodes {
		n.tracked.Store(false)
	}
	c.flush()
	cancel()
	watchers.Wait()
	return wasUp, err
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

// leaseGroup makes one lease of many masters. The lease ends the bound after the oldest
// of their last confirmations.
type leaseGroup struct {
	bound time.Duration
	onUp  func() // called once, when every master has confirmed

	mu        sync.Mutex // guards the fields below, and orders what is written to lease
	lease     *lease
	confirmed []time.Time // per master; zero before its first confirmation
	ended     bool
	up        bool
}

// renew records that all changes that the master acknowledged before sent have been
// dropped.
func (g *leaseGroup) renew(master int, sent time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended {
		return
	}
	g.confirmed[master] = sent
	oldest := sent
	for _, at := range g.confirmed {
		if at.IsZero() {
			return
		}
		if at.Before(oldest) {
			oldest = at
		}
	}
	g.lease.until(oldest.Add(g.bound))
	if !g.up {
		g.up = true
		g.onUp()
	}
}

func (g *leaseGroup) end() (wasUp bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ended = true
	g.lease.end()
	return g.up
}
