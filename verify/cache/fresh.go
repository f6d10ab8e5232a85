package cache

import (
	"context"
	"fmt"
)

// lone is a read of Redis for one caller, who decodes what comes: the others of
// its batch do not wait for that.
type lone struct {
	request
	done  chan struct{} // has room for its one message
	reply reply
	err   error
}

func newLone() any {
	l := &lone{done: make(chan struct{}, 1)}
	l.to = l
	return l
}

// fresh reads k for this caller alone: Redis is asked after the call came.
func (c *Cache[K, V]) fresh(ctx context.Context, k K) (*V, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("wait for Redis: %w", err)
	}
	c.counts.reads.Add(1)
	l := c.lones.Get().(*lone)
	l.key = c.o.Key(k)
	node, _ := c.store.route(l.key)
	node.read(&l.request)
	// Every read ends in time, see batch: a timer of its own would cost as much as
	// its part of the round trip.
	select {
	case <-l.done:
	case <-ctx.Done():
		// Who answers still writes into it: it is not used again.
		return nil, fmt.Errorf("wait for Redis: %w", ctx.Err())
	}
	v, err := c.decode(k, l.reply, l.err)
	if l.reply, l.err = (reply{}), nil; err != nil {
		c.counts.failures.Add(1)
	}
	c.lones.Put(l)
	return v, err
}

func (l *lone) answer(r reply, _ bool, err error) {
	l.reply, l.err = r, err
	l.done <- struct{}{}
}
