package cache

import (
	"context"
	"fmt"
	"time"
)

// flight is one read of Redis for everybody who waits for it.
type flight[K comparable, V any] struct {
	request
	cache      *Cache[K, V]
	k          K
	began      time.Time
	generation uint64
	// shared flights are in the table: others may join, and the value is kept.
	shared  bool
	tracked bool
	done    chan struct{}
	value   *V
	err     error
}

func (c *Cache[K, V]) flight(k K, now time.Time) *flight[K, V] {
	f := &flight[K, V]{cache: c, k: k, began: now, done: make(chan struct{})}
	f.key, f.to = c.o.Key(k), f
	return f
}

// load reads k, together with others who ask for it now.
func (c *Cache[K, V]) load(ctx context.Context, k K, now time.Time) (*V, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wait for Redis: %w", err)
	}
	c.counts.misses.Add(1)
	f, begun := c.table.join(k, func(generation uint64) *flight[K, V] {
		f := c.flight(k, now)
		f.generation, f.shared = generation, true
		return f
	})
	if begun {
		// In this order: what is asked after the changes of its node are followed
		// may be kept.
		var node reader
		node, f.tracked = c.store.route(f.key)
		node.read(&f.request)
	}
	v, err := f.await(ctx)
	// What somebody else began to read before this call came may be as old as
	// that: not older than the bound, or it is read again.
	if !begun && err == nil && c.o.Now().Sub(f.began) >= c.o.Bound {
		return c.fresh(ctx, k)
	}
	return v, err
}

// fresh reads k for this caller alone: Redis is asked after the call came.
func (c *Cache[K, V]) fresh(ctx context.Context, k K) (*V, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wait for Redis: %w", err)
	}
	c.counts.reads.Add(1)
	f := c.flight(k, c.o.Now())
	node, _ := c.store.route(f.key)
	node.read(&f.request)
	return f.await(ctx)
}

// answer ends the flight.
func (f *flight[K, V]) answer(fields map[string]string, followed bool, err error) {
	c := f.cache
	if err == nil && len(fields) > 0 {
		if f.value, err = c.o.Decode(f.k, fields); err != nil {
			err = fmt.Errorf("read %s…: %w", c.o.Prefix, err)
		}
	}
	if err != nil {
		f.value, f.err = nil, err
	}
	if f.shared {
		c.table.land(f, f.tracked && followed && err == nil)
	}
	close(f.done)
}

func (f *flight[K, V]) await(ctx context.Context) (*V, error) {
	// Every flight ends in time, see batch: a timer of its own would cost as much
	// as its part of the round trip.
	select {
	case <-f.done:
		if f.err != nil {
			f.cache.counts.failures.Add(1)
		}
		return f.value, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for Redis: %w", ctx.Err())
	}
}
