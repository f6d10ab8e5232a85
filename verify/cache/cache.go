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
	// DefaultBound is how long at most a value is served after it changed in Redis.
	DefaultBound = 500 * time.Millisecond
	// MaxBound is the highest value of Options.Bound, MinBound the lowest.
	MaxBound = time.Second
	// MinBound is long enough for a round trip on a busy machine.
	MinBound = 20 * time.Millisecond
)

// Options describe a Cache. Those without a default are required.
type Options[K comparable, V any] struct {
	// Client reaches Redis: a *redis.Client, with or without Sentinel, or a
	// *redis.ClusterClient. With any other client, nothing is cached.
	Client redis.Cmdable
	// Prefix begins all keys that are read. Redis reports changes of keys with it.
	Prefix string
	// Marker, if set, is a key that exists as long as Redis has lost no value. While it
	// does not exist, reading a missing key is an error. A cluster has one for all masters.
	Marker string
	// UntrustedPrefix, if set, begins the value of a marker that counts as missing.
	UntrustedPrefix string
	// Key and Parse convert between K and the key in Redis.
	Key   func(K) string
	Parse func(key string) (k K, ours bool)
	// Hash maps K to an evenly distributed number, which chooses the shard.
	Hash func(K) uint64
	// Decode decodes a hash that is not empty, DecodeString a string. Set the one that
	// matches the type of the keys. The result is shared and must not be changed. An
	// empty string is an error.
	Decode       func(k K, fields map[string]string) (*V, error)
	DecodeString func(k K, text string) (*V, error)
	// Size returns how many bytes a value takes.
	Size func(*V) int64
	// Bytes limits the memory of cached values. With 0 nothing is cached, and every Get
	// reads from Redis.
	Bytes int64
	// Bound is how long a value may be served after it changed; default DefaultBound.
	Bound time.Duration
	// ReadTimeout is how long a Get waits for Redis; default DefaultReadTimeout.
	ReadTimeout time.Duration
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Notify is called when tracking begins or ends. It must not block.
	Notify func(Event)
}

// Cache is a coherent cache of hashes or strings in Redis. It is safe for use by several
// goroutines. Close ends its connections. What it buys: `make bench`, "a call of
// `verify`, from memory", against "Fiber and one HGETALL".
type Cache[K comparable, V any] struct {
	o     Options[K, V]
	table *table[K, V] // nil if nothing is cached
	lease lease
	redis source
	// singles holds *singleRead values for reuse, so that a strict read makes no channel
	// (BenchmarkDirect in package direct: 23 allocations, 25 without the pool).
	singles sync.Pool
	counts  counts
	stop    context.CancelFunc
	ended   sync.WaitGroup
}

// New makes a cache and starts tracking changes. It does not wait for Redis.
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
	c := &Cache[K, V]{o: o, singles: sync.Pool{New: newSingleRead}}
	c.lease.start(o.Now())
	c.redis = open(o.Client, marker{key: o.Marker, untrusted: o.UntrustedPrefix}, o.DecodeString != nil, tracking{
		prefix: o.Prefix, bound: o.Bound, readTimeout: o.ReadTimeout, now: o.Now, notify: o.Notify,
		lease: &c.lease, counts: &c.counts, drop: c.drop, dropAll: c.dropAll,
	})
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	if o.Bytes > 0 {
		c.table = newTable[K, V](o.Bytes, o.Hash)
		c.ended.Go(func() { c.redis.track(ctx) })
	}
	return c, nil
}

// Get returns the value of k, or nil if Redis has none. now is the time of the call by
// the cache's clock. An error means that Redis could not be asked, or that the value
// could not be decoded.
func (c *Cache[K, V]) Get(ctx context.Context, k K, now time.Time) (*V, error) {
	if v := c.Known(k, now); v != nil {
		return v, nil
	}
	return c.Read(ctx, k, now)
}

// Known returns the value of k if it is cached and the lease covers now, otherwise nil.
func (c *Cache[K, V]) Known(k K, now time.Time) *V {
	if c.table == nil || !c.lease.covers(now) {
		return nil
	}
	return c.table.get(k)
}

// Read is Get for a key that is not Known. Between the two calls a caller can refuse
// keys that cannot exist, so that they cost no read.
func (c *Cache[K, V]) Read(ctx context.Context, k K, now time.Time) (*V, error) {
	if c.table == nil {
		return c.readSingle(ctx, k)
	}
	return c.load(ctx, k, now)
}

// Forget drops cached values that this process has just changed in Redis. Without it
// they would be served until Redis reports the change.
func (c *Cache[K, V]) Forget(keys ...K) {
	if c.table == nil {
		return
	}
	for _, k := range keys {
		c.table.invalidate(k)
	}
}

// drop drops the value of a key that Redis reports as changed, and says whether the key is
// one of the cache's.
func (c *Cache[K, V]) drop(key string) (ours bool) {
	k, ours := c.o.Parse(key)
	if ours {
		c.table.invalidate(k)
	}
	return ours
}

func (c *Cache[K, V]) dropAll() { c.table.flush() }

// Close ends the tracking connections. Get must not be called afterwards.
func (c *Cache[K, V]) Close() error {
	c.stop()
	c.ended.Wait()
	return nil
}
