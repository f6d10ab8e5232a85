package cache

import (
	"context"
	"fmt"
)

// singleRead is one caller's read. The caller decodes the reply itself, so that other
// callers in the batch do not wait for it.
type singleRead struct {
	request
	done  chan struct{} // has a buffer for its one message
	reply reply
	err   error
}

func newSingleRead() any {
	s := &singleRead{done: make(chan struct{}, 1)}
	s.to = s
	return s
}

// readSingle reads k for this caller alone: the read begins after the call.
func (c *Cache[K, V]) readSingle(ctx context.Context, k K) (*V, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wait for Redis: %w", err)
	}
	c.counts.reads.Add(1)
	s := c.singles.Get().(*singleRead)
	s.key = c.o.Key(k)
	node, _ := c.redis.route(s.key)
	node.read(&s.request)
	// No timer is needed: batch ends every read in time. A timer for each read would cost
	// as much as its share of the round trip (BenchmarkMiss in package direct).
	select {
	case <-s.done:
	case <-ctx.Done():
		// It is not reused: the batch will still write to it.
		return nil, fmt.Errorf("wait for Redis: %w", ctx.Err())
	}
	v, err := c.decode(k, s.reply, s.err)
	if s.reply, s.err = (reply{}), nil; err != nil {
		c.counts.failures.Add(1)
	}
	c.singles.Put(s)
	return v, err
}

func (s *singleRead) deliver(r reply, _ bool, err error) {
	s.reply, s.err = r, err
	s.done <- struct{}{}
}
