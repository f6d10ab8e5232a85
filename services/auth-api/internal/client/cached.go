package client

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unsafe"

	"github.com/google/uuid"

	"auth.books.test/verify/cache"
)

// cacheBytes is enough for thousands of clients; there are few.
const cacheBytes = 4 << 20

// CachedRecords are RedisRecords with a cache in memory for Read, which Redis invalidates,
// as that of access tokens.
type CachedRecords struct {
	*RedisRecords
	cache *cache.Cache[uuid.UUID, Record]
	now   func() time.Time
}

// NewCachedRecords adds a cache with the same staleness bound as that of tokens. With
// strict, nothing is cached. Close ends the connection that tracks changes in Redis.
func NewCachedRecords(r *RedisRecords, bound time.Duration, strict bool, now func() time.Time) (*CachedRecords, error) {
	o := cache.Options[uuid.UUID, Record]{
		Client: r.redis, Prefix: KeyPrefix, Key: key, Parse: parseKey, Bytes: cacheBytes, Bound: bound, Now: now,
		Hash: func(id uuid.UUID) uint64 { return binary.LittleEndian.Uint64(id[8:]) },
		Decode: func(id uuid.UUID, fields map[string]string) (*Record, error) {
			record, err := r.sealer.Decode(id, fields)
			return &record, err
		},
		// Size estimates the memory of a record.
		Size: func(r *Record) int64 {
			n := int(unsafe.Sizeof(*r)) + len(r.Audience) + len(r.secrets)*len(secretHash{})
			for _, scope := range r.Scopes {
				n += int(unsafe.Sizeof(scope)) + len(scope)
			}
			return int64(n)
		},
	}
	if strict {
		o.Bytes = 0
	}
	cached, err := cache.New(o)
	if err != nil {
		return nil, fmt.Errorf("cache clients' records: %w", err)
	}
	return &CachedRecords{RedisRecords: r, cache: cached, now: now}, nil
}

func parseKey(key string) (id uuid.UUID, ok bool) {
	text, ok := strings.CutPrefix(key, KeyPrefix)
	if !ok {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(text)
	// uuid.Parse accepts other spellings as well.
	return id, err == nil && id.String() == text
}

// Read reads the record of a client; the zero Record if there is none.
func (c *CachedRecords) Read(ctx context.Context, id uuid.UUID) (Record, error) {
	r, err := c.cache.Get(ctx, id, c.now())
	if err != nil {
		return Record{}, fmt.Errorf("read a client's record: %w", err)
	}
	if r == nil {
		return Record{}, nil
	}
	return *r, nil
}

// Put writes the record of a client, and drops it from the cache before it returns.
func (c *CachedRecords) Put(ctx context.Context, id uuid.UUID, r Record) error {
	defer c.cache.Forget(id)
	return c.RedisRecords.Put(ctx, id, r)
}

// Drop deletes the record of a client, also from the cache, before it returns.
func (c *CachedRecords) Drop(ctx context.Context, id uuid.UUID) error {
	defer c.cache.Forget(id)
	return c.RedisRecords.Drop(ctx, id)
}

// Close ends the connection that tracks changes.
func (c *CachedRecords) Close() error { return c.cache.Close() }
