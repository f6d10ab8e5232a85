package cache

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
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

// source is what a cache needs of Redis. The interface hides a client of go-redis from the
// generic code, which is compiled again in every package that has a cache: with the client's
// type in it, that takes two seconds longer (docs/development.md, "The loop").
type source interface {
	// route returns the reader for a key, and whether its node reports changes.
	route(key string) (r reader, tracked bool)
	// track keeps tracking up until ctx ends.
	track(ctx context.Context)
}

// tracking is what tracking needs of the cache.
type tracking struct {
	prefix             string
	bound, readTimeout time.Duration
	now                func() time.Time
	notify             func(Event)
	lease              *lease
	counts             *counts
	// drop drops a key that Redis reports as changed; ours is false if the cache has no such
	// keys.
	drop    func(key string) (ours bool)
	dropAll func()
}

// tracker reads from Redis, and tracks what changes there.
type tracker struct {
	store
	tracking
}

// open is not inlined, so that its callers do not compile what source hides: package client
// has 7,600 symbols instead of 23,000 (TestOnlyWhatIsNextToRedisCompilesItsClient).
//
//go:noinline
func open(client redis.Cmdable, m marker, strings bool, t tracking) source {
	return &tracker{newStore(client, t.readTimeout/2, m, strings), t}
}

// track keeps tracking up until ctx ends, one round after the other.
func (t *tracker) track(ctx context.Context) {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		wasUp, err := t.round(ctx)
		if ctx.Err() != nil {
			return
		}
		switch {
		case errors.Is(err, errForeign):
			t.report(Unsupported, err)
			return
		case errors.As(err, new(refusal)):
			t.report(Unsupported, err)
			pause = refusedPause
		case wasUp:
			t.report(Down, err)
			pause = 0
		default:
			t.report(Down, err)
			pause = min(max(2*pause, minPause), t.bound)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// round tracks all masters until a connection to one is lost, the set of masters
// changes, or ctx ends. wasUp reports whether all were tracked at some time.
func (t *tracker) round(ctx context.Context) (wasUp bool, err error) {
	nodes, err := t.masters(ctx)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group := &leaseGroup{lease: t.lease, confirmed: make([]time.Time, len(nodes)), bound: t.bound, onUp: func() { t.report(Up, nil) }}
	lost := make(chan error, len(nodes))
	var watchers sync.WaitGroup
	for i, n := range nodes {
		watchers.Go(func() { lost <- t.watch(ctx, n, func(sent time.Time) { group.renew(i, sent) }) })
	}
	select {
	case err = <-lost:
	case <-t.store.changed():
		err = errMoved
	case <-ctx.Done():
		err = ctx.Err()
	}
	// Order matters: first stop serving the cache, then stop filling it, then empty it.
	wasUp = group.end()
	for _, n := range nodes {
		n.tracked.Store(false)
	}
	t.flush()
	cancel()
	watchers.Wait()
	return wasUp, err
}

func (t *tracker) masters(ctx context.Context) ([]*node, error) {
	ctx, cancel := context.WithTimeout(ctx, t.readTimeout)
	defer cancel()
	return t.store.masters(ctx)
}

// flush empties the cache.
func (t *tracker) flush() {
	t.dropAll()
	t.counts.flushes.Add(1)
}

// report calls Notify if the kind is another one than last time.
func (t *tracker) report(kind Kind, err error) {
	if last := t.counts.state.Swap(&kind); last != nil && *last == kind {
		return
	}
	t.notify(Event{Kind: kind, Err: err})
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
