package cache

import (
	"context"
	"fmt"
	"time"
)

// flight is one read of Redis for everybody who waits for it.
type flight[V any] struct {
	began      time.Time
	generation uint64
	done       chan struct{}
	value      *V
	err        error
}

func (f *flight[V]) finish(v *V, err error) {
	f.value, f.err = v, err
}

// load reads k, together with others who ask for it now.
func (c *Cache[K, V]) load(ctx context.Context, k K, now time.Time) (*V, error) {
	c.counts.misses.Add(1)
	f, begun := c.table.join(k, func(generation uint64) *flight[V] {
		return &flight[V]{began: now, generation: generation, done: make(chan struct{})}
	})
	if begun {
		c.begin(k, f)
	}
	v, err := c.await(ctx, f)
	// What somebody else began to read before this call came may be as old as
	// that: not older than the bound, or it is read again.
	if !begun && err == nil && c.o.Now().Sub(f.began) >= c.o.Bound {
		return c.fresh(ctx, k)
	}
	return v, err
}

// begin sends a read off. It goes on without whoever asked: others may wait.
func (c *Cache[K, V]) begin(k K, f *flight[V]) {
	key := c.o.Key(k)
	node, tracked := c.store.route(key)
	node.read(&request{key: key, done: func(fields map[string]string, followed bool, err error) {
		v, err := c.decode(k, fields, err)
		f.finish(v, err)
		var bytes int64
		if v != nil {
			bytes = c.o.Weigh(v)
		}
		c.table.land(k, f, tracked && followed && err == nil, bytes)
		close(f.done)
	}})
}

// fresh reads k for this caller alone: Redis is asked after the call came.
func (c *Cache[K, V]) fresh(ctx context.Context, k K) (*V, error) {
	c.counts.reads.Add(1)
	f := &flight[V]{began: c.o.Now(), done: make(chan struct{})}
	key := c.o.Key(k)
	node, _ := c.store.route(key)
	node.read(&request{key: key, done: func(fields map[string]string, _ bool, err error) {
		f.finish(c.decode(k, fields, err))
		close(f.done)
	}})
	return c.await(ctx, f)
}

func (c *Cache[K, V]) decode(k K, fields map[string]string, err error) (*V, error) {
	if err != nil || len(fields) == 0 {
		return nil, err
	}
	v, err := c.o.Decode(k, fields)
	if err != nil {
		return nil, fmt.Errorf("read %s…: %w", c.o.Prefix, err)
	}
	return v, nil
}

func (c *Cache[K, V]) await(ctx context.Context, f *flight[V]) (*V, error) {
	limit := time.NewTimer(c.o.ReadTimeout)
	defer limit.Stop()
	select {
	case <-f.done:
		if f.err != nil {
			c.counts.failures.Add(1)
		}
		return f.value, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for Redis: %w", ctx.Err())
	case <-limit.C:
		c.counts.failures.Add(1)
		return nil, fmt.Errorf("wait for Redis: no answer within %v: %w", c.o.ReadTimeout, context.DeadlineExceeded)
	}
}
