package client

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// RedisRecords keeps records in Redis. Every key stands alone, so Redis Cluster
// works unchanged.
type RedisRecords struct {
	redis   redis.UniversalClient
	timeout time.Duration
}

// NewRedisRecords uses the client with a deadline for every call.
func NewRedisRecords(client redis.UniversalClient, timeout time.Duration) *RedisRecords {
	return &RedisRecords{redis: client, timeout: timeout}
}

// Read gives the record of a client; the zero Record if there is none.
func (s *RedisRecords) Read(ctx context.Context, id uuid.UUID) (Record, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	fields, err := s.redis.HGetAll(ctx, key(id)).Result()
	if err != nil {
		return Record{}, fmt.Errorf("read a client's record: %w", err)
	}
	return DecodeRecord(fields)
}

// ReadAll gives the records of the clients that have one that can be read.
func (s *RedisRecords) ReadAll(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Record, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	answers := make([]*redis.MapStringStringCmd, len(ids))
	_, err := s.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for n, id := range ids {
			answers[n] = pipe.HGetAll(ctx, key(id))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read clients' records: %w", err)
	}
	records := map[uuid.UUID]Record{}
	for n, id := range ids {
		if r, err := DecodeRecord(answers[n].Val()); err == nil && r.Audience != "" {
			records[id] = r
		}
	}
	return records, nil
}

// Put writes the record of a client, whatever stood there.
func (s *RedisRecords) Put(ctx context.Context, id uuid.UUID, r Record) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	_, err := s.redis.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.Del(ctx, key(id))
		tx.HSet(ctx, key(id), r.encode())
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
