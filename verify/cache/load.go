package cache

import (
	"context"
	"fmt"
	"time"
)

// flight is one read of Redis for everybody who waits for it. It is in the table:
// others may join, and the value is kept.
type flight[K comparable, V any] struct {
	request
	cache      *Cache[K, V]
	k          K
	began      time.Time
	generation uint64
	tracked    bool
	done       chan struct{}
	value      *V
	err        error
}

// load reads k, together with others who ask for it now.
func (c *Cache[K, V]) load(ctx context.Context, k K, now time.Time) (*V, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wait for Redis: %w", err)
	}
	c.counts.misses.Add(1)
	f, begun := c.table.join(k, func(generation uint64) *flight[K, V] {
		f := &flight[K, V]{cache: c, k: k, began: now, generation: generation, done: make(chan struct{})}
		f.key, f.to = c.o.Key(k), f
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

// answer ends the flight.
func (f *flight[K, V]) answer(r reply, followed bool, err error) {
	c := f.cache
	f.value, f.err = c.decode(f.k, r, err)
	c.table.land(f, f.tracked && followed && f.err == nil)
	close(f.done)
}

func (c *Cache[K, V]) decode(k K, r reply, err error) (v *V, _ error) {
	if err != nil || r.missing() {
		return nil, err
	}
	if c.o.DecodeString != nil {
		v, err = c.o.DecodeString(k, r.text)
	} else {
		v, err = c.o.Decode(k, r.fields)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s…: %w", c.o.Prefix, err)
	}
	return v, nil
}

func (f *flight[K, V]) await(ctx context.Context) (*V, error) {
	// Every flight ends in time, see batch.
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
