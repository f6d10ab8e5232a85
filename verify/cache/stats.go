package cache

import (
	"sync/atomic"
	"time"
)

// Kind is what happened to tracking.
type Kind string

// The closed set of kinds.
const (
	// Up: all masters are followed, the cache is served.
	Up Kind = "up"
	// Down: a master is not followed any more. The cache is empty, and every call
	// goes to Redis.
	Down Kind = "down"
	// Unsupported: this Redis cannot track, or its user may not. Every call goes
	// to Redis.
	Unsupported Kind = "unsupported"
)

// Event tells what happened to tracking. It is sent when that changes.
type Event struct {
	Kind Kind
	// Err is why, for Down and Unsupported.
	Err error
}

type counts struct {
	misses, reads, failures, pushes, flushes atomic.Uint64
	state                                    atomic.Pointer[Kind]
}

// Stats count since the start, but for Entries, Bytes, Lease and Tracking, which
// are of now.
type Stats struct {
	// Hits were answered from memory; Misses read from Redis, together with others
	// who asked for the same; Reads were for one caller alone.
	Hits, Misses, Reads uint64
	// Failures are calls that Redis did not answer.
	Failures uint64
	// Pushes are keys that Redis said had changed. Flushes emptied everything.
	Pushes, Flushes uint64
	// Evicted made room for others.
	Evicted uint64
	Entries int
	Bytes   int64
	// Bound is how long a changed value may be served; Lease is how long, from
	// now, without another proof that nothing has changed.
	Bound, Lease time.Duration
	Tracking     bool
}

// Stats takes every lock for a moment, one after the other.
func (c *Cache[K, V]) Stats() Stats {
	s := Stats{
		Misses: c.counts.misses.Load(), Reads: c.counts.reads.Load(), Failures: c.counts.failures.Load(),
		Pushes: c.counts.pushes.Load(), Flushes: c.counts.flushes.Load(), Bound: c.o.Bound,
	}
	if c.table == nil {
		return s
	}
	for i := range c.table.shards {
		shard := &c.table.shards[i]
		shard.mu.RLock()
		s.Entries += len(shard.entries)
		s.Bytes += shard.bytes
		s.Evicted += shard.evicted
		shard.mu.RUnlock()
		s.Hits += shard.hits.Load()
	}
	now := c.o.Now()
	s.Tracking = c.lease.covers(now)
	if s.Tracking {
		s.Lease = time.Unix(0, c.lease.wall.Load()).Sub(now.Round(0))
	}
	return s
}

// report sends an event, if it is another one than the last.
func (c *Cache[K, V]) report(kind Kind, err error) {
	if last := c.counts.state.Swap(&kind); last != nil && *last == kind {
		return
	}
	c.o.Notify(Event{Kind: kind, Err: err})
}
