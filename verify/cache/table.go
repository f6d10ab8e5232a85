package cache

import (
	"sync"
	"sync/atomic"
)

const (
	// shardCount trades memory for contention: an invalidation discards all reads in
	// flight in its shard.
	shardCount = 256
	// entryOverhead is the memory of an entry beside its value, in bytes: its key and its
	// places in the map and in the ring (`make bench`, "a token in the memory of
	// `verify`").
	entryOverhead = 200
)

// table holds values up to a number of bytes. It is not a cache library because entries
// and reads in flight must be invalidated under one lock, by generation. Its hit costs
// no allocation (BenchmarkVerifyCached in package direct).
type table[K comparable, V any] struct {
	hash   func(K) uint64
	shards [shardCount]shard[K, V]
}

type shard[K comparable, V any] struct {
	hits atomic.Uint64

	mu      sync.RWMutex // guards the fields below
	entries map[K]*entry[K, V]
	// ring has all entries in no order. The hand goes round it to find an entry that has
	// not been used since the last round (CLOCK, Corbató 1968).
	ring  []*entry[K, V]
	hand  int
	bytes int64
	limit int64
	// generation counts invalidations. A value is cached only if the generation is still
	// the one in which its read began.
	generation uint64
	flights    map[K]*flight[K, V]
	evicted    uint64
}

type entry[K comparable, V any] struct {
	key   K
	value *V
	bytes int64
	place int
	used  atomic.Bool
}

func newTable[K comparable, V any](bytes int64, hash func(K) uint64) *table[K, V] {
	t := &table[K, V]{hash: hash}
	for i := range t.shards {
		t.shards[i].limit = bytes / shardCount
		t.shards[i].clear()
	}
	return t
}

func (t *table[K, V]) shard(k K) *shard[K, V] { return &t.shards[t.hash(k)%shardCount] }

func (t *table[K, V]) get(k K) *V {
	s := t.shard(k)
	s.mu.RLock()
	e := s.entries[k]
	s.mu.RUnlock()
	if e == nil {
		return nil
	}
	// A store that changes nothing would still take the cache line from other cores.
	if !e.used.Load() {
		e.used.Store(true)
	}
	s.hits.Add(1)
	return e.value
}

// join returns the read of k that is in flight, or begins one.
func (t *table[K, V]) join(k K, begin func(generation uint64) *flight[K, V]) (f *flight[K, V], begun bool) {
	s := t.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f = s.flights[k]; f != nil {
		return f, false
	}
	f = begin(s.generation)
	s.flights[k] = f
	return f, true
}

// land ends a read. Its value is cached if keep is set and its shard has seen no
// invalidation since the read began.
func (t *table[K, V]) land(f *flight[K, V], keep bool) {
	s := t.shard(f.k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flights[f.k] == f {
		delete(s.flights, f.k)
	}
	if keep && f.value != nil && f.generation == s.generation {
		s.put(f.k, f.value, f.cache.o.Size(f.value)+entryOverhead)
	}
}

// invalidate drops k. Callers no longer join a read of k that is in flight.
func (t *table[K, V]) invalidate(k K) (dropped bool) {
	s := t.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	delete(s.flights, k)
	e := s.entries[k]
	if e != nil {
		s.remove(e)
	}
	return e != nil
}

func (t *table[K, V]) flush() {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		s.generation++
		s.clear()
		s.mu.Unlock()
	}
}

func (s *shard[K, V]) clear() {
	s.entries, s.flights = map[K]*entry[K, V]{}, map[K]*flight[K, V]{}
	s.ring, s.hand, s.bytes = nil, 0, 0
}

func (s *shard[K, V]) put(k K, v *V, bytes int64) {
	if bytes > s.limit {
		return
	}
	if old := s.entries[k]; old != nil {
		s.remove(old)
	}
	for s.bytes+bytes > s.limit {
		s.evict()
	}
	e := &entry[K, V]{key: k, value: v, bytes: bytes, place: len(s.ring)}
	s.ring = append(s.ring, e)
	s.entries[k] = e
	s.bytes += bytes
}

// evict drops one entry that has not been used lately.
func (s *shard[K, V]) evict() {
	for {
		if s.hand >= len(s.ring) {
			s.hand = 0
		}
		e := s.ring[s.hand]
		if !e.used.Swap(false) {
			s.remove(e)
			s.evicted++
			return
		}
		s.hand++
	}
}

func (s *shard[K, V]) remove(e *entry[K, V]) {
	last := len(s.ring) - 1
	s.ring[e.place] = s.ring[last]
	s.ring[e.place].place = e.place
	s.ring[last] = nil
	s.ring = s.ring[:last]
	delete(s.entries, e.key)
	s.bytes -= e.bytes
}
