package cache

import (
	"sync/atomic"
	"time"
)

// Kind is what happened to tracking.
type Kind string

// The closed set of kinds.
const (
	// Up: all masters report their changes, and the cache is served.
	Up Kind = "up"
	// Down: a tracking connection was lost. The cache is empty, and every call reads from
	// Redis.
	Down Kind = "down"
	// Unsupported: this Redis does not support tracking, or does not allow its user to
	// use it. Every call reads from Redis.
	Unsupported Kind = "unsupported"
)

// Event reports that the state of tracking has changed.
type Event struct {
	Kind Kind
	// Err is the reason for Down and Unsupported.
	Err error
}

type counts struct {
	misses, reads, failures, pushes, flushes atomic.Uint64
	state                                    atomic.Pointer[Kind]
}

// Stats are counters since the start, except Entries, Bytes, Lease and Tracking, which
// are current values.
type Stats struct {
	// Hits were answered from memory. Misses read from Redis or joined a read in flight.
	// Reads read from Redis for one caller alone.
	Hits, Misses, Reads uint64
	// Failures are calls that ended with an error of Redis or of decoding.
	Failures uint64
	// Pushes are keys that Redis reported as changed. Flushes emptied the cache.
	Pushes, Flushes uint64
	// Evicted are entries that were dropped to stay within Options.Bytes.
	Evicted uint64
	Entries int
	Bytes   int64
	// Bound is how long a value may be served after it changed. Lease is how long the
	// cache may be served from now on if no PONG arrives.
	Bound, Lease time.Duration
	Tracking     bool
}

// Stats locks every shard for a moment, one after the other.
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
