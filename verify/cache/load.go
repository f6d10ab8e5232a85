package cache

import (
	"context"
	"fmt"
	"time"
)

// flight is one read of Redis that all concurrent callers for the key share. Its value is
// cached when it ends.
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

// load reads k, or joins the read of k that is in flight.
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
		// Order matters: the value may be cached only if tracking was on before the read
		// was sent.
		var node reader
		node, f.tracked = c.redis.route(f.key)
		node.read(&f.request)
	}
	v, err := f.await(ctx)
	// A read that began before this call may return a value that is as old as that. If
	// that is older than the bound, this call reads again.
	if !begun && err == nil && c.o.Now().Sub(f.began) >= c.o.Bound {
		return c.readSingle(ctx, k)
	}
	return v, err
}

// deliver ends the flight.
func (f *flight[K, V]) deliver(r reply, direct bool, err error) {
	c := f.cache
	f.value, f.err = c.decode(f.k, r, err)
	c.table.land(f, f.tracked && direct && f.err == nil)
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
	// No timer is needed: batch ends every read in time.
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
