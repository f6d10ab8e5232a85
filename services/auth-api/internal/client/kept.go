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

// keptBytes hold thousands of clients, of which there are few.
const keptBytes = 4 << 20

// KeptRecords are RedisRecords whose Read is answered from memory where Redis has
// said nothing else since, as access tokens are.
type KeptRecords struct {
	*RedisRecords
	kept *cache.Cache[uuid.UUID, Record]
	now  func() time.Time
}

// Keep keeps what is read, with the staleness bound of tokens; strict keeps
// nothing. Close ends the connection that follows changes.
func Keep(r *RedisRecords, bound time.Duration, strict bool, now func() time.Time) (*KeptRecords, error) {
	o := cache.Options[uuid.UUID, Record]{
		Client: r.redis, Prefix: KeyPrefix, Key: key, Parse: parseKey, Bytes: keptBytes, Bound: bound, Now: now,
		Hash: func(id uuid.UUID) uint64 { return binary.LittleEndian.Uint64(id[8:]) },
		Decode: func(id uuid.UUID, fields map[string]string) (*Record, error) {
			record, err := r.sealer.Decode(id, fields)
			return &record, err
		},
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
	kept, err := cache.New(o)
	if err != nil {
		return nil, fmt.Errorf("keep clients' records: %w", err)
	}
	return &KeptRecords{RedisRecords: r, kept: kept, now: now}, nil
}

func parseKey(key string) (id uuid.UUID, ours bool) {
	text, ours := strings.CutPrefix(key, KeyPrefix)
	if !ours {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(text)
	// uuid.Parse takes other spellings, too.
	return id, err == nil && id.String() == text
}

// Read gives the record of a client; the zero Record if there is none.
func (k *KeptRecords) Read(ctx context.Context, id uuid.UUID) (Record, error) {
	r, err := k.kept.Get(ctx, id, k.now())
	if err != nil {
		return Record{}, fmt.Errorf("read a client's record: %w", err)
	}
	if r == nil {
		return Record{}, nil
	}
	return *r, nil
}

// Put is RedisRecords', and what was kept is forgotten before it returns.
func (k *KeptRecords) Put(ctx context.Context, id uuid.UUID, r Record) error {
	defer k.kept.Forget(id)
	return k.RedisRecords.Put(ctx, id, r)
}

// Drop is RedisRecords', and what was kept is forgotten before it returns.
func (k *KeptRecords) Drop(ctx context.Context, id uuid.UUID) error {
	defer k.kept.Forget(id)
	return k.RedisRecords.Drop(ctx, id)
}

// Close ends the connection that follows changes.
func (k *KeptRecords) Close() error { return k.kept.Close() }
