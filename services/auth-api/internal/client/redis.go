package client

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// RedisRecords stores records in Redis. Each command uses one key, so it works with Redis
// Cluster.
type RedisRecords struct {
	redis   redis.Cmdable
	sealer  *Sealer
	timeout time.Duration
}

// NewRedisRecords uses the Redis client; each call has the timeout.
func NewRedisRecords(client redis.Cmdable, sealer *Sealer, timeout time.Duration) *RedisRecords {
	return &RedisRecords{redis: client, sealer: sealer, timeout: timeout}
}

// Read reads the record of a client; the zero Record if there is none.
func (s *RedisRecords) Read(ctx context.Context, id uuid.UUID) (Record, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	fields, err := s.redis.HGetAll(ctx, key(id)).Result()
	if err != nil {
		return Record{}, fmt.Errorf("read a client's record: %w", err)
	}
	return s.sealer.Decode(id, fields)
}

// readBatch is how many records ReadAll reads in one round trip.
const readBatch = 256

// ReadAll reads the records of those clients that have one. A damaged record is returned as
// the zero Record, so that it gets rewritten or deleted.
func (s *RedisRecords) ReadAll(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Record, error) {
	records := map[uuid.UUID]Record{}
	for some := range slices.Chunk(ids, readBatch) {
		if err := s.readInto(ctx, records, some); err != nil {
			return nil, err
		}
	}
	return records, nil
}

func (s *RedisRecords) readInto(ctx context.Context, records map[uuid.UUID]Record, ids []uuid.UUID) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	answers := make([]*redis.MapStringStringCmd, len(ids))
	_, err := s.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for n, id := range ids {
			answers[n] = pipe.HGetAll(ctx, key(id))
		}
		return nil
	})
	// A key that another program wrote must not make all reads fail.
	if err != nil && !redis.HasErrorPrefix(err, "WRONGTYPE") {
		return fmt.Errorf("read clients' records: %w", err)
	}
	for n, id := range ids {
		if fields := answers[n].Val(); answers[n].Err() == nil && len(fields) > 0 {
			records[id], _ = s.sealer.Decode(id, fields)
		}
	}
	return nil
}

// Put writes the record of a client over any older one. A key that is not a hash belongs to
// another program, and is an error.
func (s *RedisRecords) Put(ctx context.Context, id uuid.UUID, r Record) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	_, err := s.redis.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.HSet(ctx, key(id), s.sealer.encode(id, r))
		// Secrets are numbered without gaps: decodeFields stops at the first missing number.
		for n := len(r.secrets); n < maxSecrets; n++ {
			tx.HDel(ctx, key(id), fieldSecret+strconv.Itoa(n))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write a client's record: %w", err)
	}
	return nil
}

// Drop deletes the record of a client. A missing record is no error.
func (s *RedisRecords) Drop(ctx context.Context, id uuid.UUID) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := s.redis.Del(ctx, key(id)).Err(); err != nil {
		return fmt.Errorf("delete a client's record: %w", err)
	}
	return nil
}
