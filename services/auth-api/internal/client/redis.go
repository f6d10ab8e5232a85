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

// RedisRecords keeps records in Redis. Every key stands alone, so Redis Cluster
// works unchanged.
type RedisRecords struct {
	redis   redis.UniversalClient
	sealer  *Sealer
	timeout time.Duration
}

// NewRedisRecords uses the client with a deadline for every call.
func NewRedisRecords(client redis.UniversalClient, sealer *Sealer, timeout time.Duration) *RedisRecords {
	return &RedisRecords{redis: client, sealer: sealer, timeout: timeout}
}

// Read gives the record of a client; the zero Record if there is none.
func (s *RedisRecords) Read(ctx context.Context, id uuid.UUID) (Record, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	fields, err := s.redis.HGetAll(ctx, key(id)).Result()
	if err != nil {
		return Record{}, fmt.Errorf("read a client's record: %w", err)
	}
	return s.sealer.Decode(id, fields)
}

// readBatch bounds what Redis answers at once.
const readBatch = 256

// ReadAll gives the records of the clients that have one. One that cannot be read is
// the zero Record: it is to be written anew, or deleted.
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
	// One key of another program must not hide all the others.
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

// Put writes the record of a client, over the one that stood there. What is no hash
// is another program's: an error.
func (s *RedisRecords) Put(ctx context.Context, id uuid.UUID, r Record) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	_, err := s.redis.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.HSet(ctx, key(id), s.sealer.encode(id, r))
		// Secrets are numbered without a gap: the first that is missing ends them.
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

// Drop ends the record of a client. Without one it is no error.
func (s *RedisRecords) Drop(ctx context.Context, id uuid.UUID) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := s.redis.Del(ctx, key(id)).Err(); err != nil {
		return fmt.Errorf("delete a client's record: %w", err)
	}
	return nil
}
