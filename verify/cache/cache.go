package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// DefaultBound is how long a changed value may be served at most.
	DefaultBound = 500 * time.Millisecond
	// MaxBound is the longest that may be asked for.
	MaxBound = time.Second
	// MinBound leaves room for a round trip on a busy machine.
	MinBound = 20 * time.Millisecond
)

// Options describe a Cache. Those without a default are needed.
type Options[K comparable, V any] struct {
	// Client reaches Redis: single, Sentinel or Cluster.
	Client redis.UniversalClient
	// Prefix begins all keys that are read; its changes are followed.
	Prefix string
	// Mark, if set, is a key that is there as long as no value is lost: without it,
	// that a key is missing is an error. In a cluster it stands on one master for all.
	Mark string
	// Distrust, if set, begins the value of a mark that does not count.
	Distrust string
	// Key and Parse translate between K and the key in Redis.
	Key   func(K) string
	Parse func(key string) (k K, ours bool)
	// Spread gives bits of K that are evenly spread, to choose a shard by.
	Spread func(K) uint64
	// Decode reads a hash that is not empty, DecodeString a string: one of both is
	// set, and says what the keys hold. What it gives is shared: nobody may change it.
	// An empty string is an error.
	Decode       func(k K, fields map[string]string) (*V, error)
	DecodeString func(k K, text string) (*V, error)
	// Weigh says how many bytes a value takes.
	Weigh func(*V) int64
	// Bytes bounds the memory of what is kept; 0 keeps nothing, and every Get
	// reads from Redis.
	Bytes int64
	// Bound is how long a changed value may be served; default DefaultBound.
	Bound time.Duration
	// ReadTimeout is how long a Get waits for Redis; default DefaultReadTimeout.
	ReadTimeout time.Duration
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Notify is told of what happens to tracking; it must not block.
	Notify func(Event)
}

// Cache is a coherent cache of hashes or strings in Redis. It is safe for use by several
// goroutines. Close ends its connections.
type Cache[K comparable, V any] struct {
	o      Options[K, V]
	table  *table[K, V] // nil where nothing is kept
	lease  lease
	store  store
	lones  sync.Pool
	counts counts
	stop   context.CancelFunc
	ended  sync.WaitGroup
}

// New makes a cache and begins to follow changes. It does not wait for Redis.
func New[K comparable, V any](o Options[K, V]) (*Cache[K, V], error) {
	if o.Bound == 0 {
		o.Bound = DefaultBound
	}
	if o.Bound < MinBound || o.Bound > MaxBound {
		return nil, fmt.Errorf("the staleness bound is %v: choose one from %v to %v", o.Bound, MinBound, MaxBound)
	}
	if o.Bytes < 0 {
		return nil, errors.New("the cache's size is negative: choose 0 for none")
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout = DefaultReadTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Notify == nil {
		o.Notify = func(Event) {}
	}
	c := &Cache[K, V]{o: o, lones: sync.Pool{New: newLone}}
	c.lease.start(o.Now())
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.store = newStore(o.Client, o.ReadTimeout/2, mark{key: o.Mark, distrust: o.Distrust}, o.DecodeString != nil)
	if o.Bytes > 0 {
		c.table = newTable[K, V](o.Bytes, o.Spread)
		c.ended.Go(func() { c.follow(ctx) })
	}
	return c, nil
}

// Get gives the value of k, nil if Redis has none. now is the moment of the
// call, by the cache's clock. An error means that it could not be found out.
func (c *Cache[K, V]) Get(ctx context.Context, k K, now time.Time) (*V, error) {
	if v := c.Known(k, now); v != nil {
		return v, nil
	}
	return c.Read(ctx, k, now)
}

// Known gives the value of k if memory has it and may be served, nil otherwise.
func (c *Cache[K, V]) Known(k K, now time.Time) *V {
	if c.table == nil || !c.lease.covers(now) {
		return nil
	}
	return c.table.get(k)
}

// Read is Get for a key that is not Known. Between the two a caller may refuse keys
// that cannot exist, so that they cost no read.
func (c *Cache[K, V]) Read(ctx context.Context, k K, now time.Time) (*V, error) {
	if c.table == nil {
		return c.fresh(ctx, k)
	}
	return c.load(ctx, k, now)
}

// Forget drops values that this process has just changed in Redis, so that it
// does not have to wait for the push.
func (c *Cache[K, V]) Forget(keys ...K) {
	if c.table == nil {
		return
	}
	for _, k := range keys {
		c.table.invalidate(k)
	}
}

// Close ends the connections that follow changes. Get must not be called any more.
func (c *Cache[K, V]) Close() error {
	c.stop()
	c.ended.Wait()
	return nil
}
