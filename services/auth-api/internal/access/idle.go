package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify/token"
)

// Idle returns how long ago each token's record was last read or written, in full seconds.
// Tokens without a record are left out. A Redis with an LFU maxmemory-policy returns an
// error.
func (s *Store) Idle(ctx context.Context, hashes []token.Hash) (map[token.Hash]time.Duration, error) {
	idle := make(map[token.Hash]time.Duration, len(hashes))
	for some := range slices.Chunk(hashes, batch) {
		if err := s.idleInto(ctx, idle, some); err != nil {
			return nil, fmt.Errorf("ask when tokens were used: %w", err)
		}
	}
	return idle, nil
}

func (s *Store) idleInto(ctx context.Context, idle map[token.Hash]time.Duration, hashes []token.Hash) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	answers := make([]*redis.DurationCmd, len(hashes))
	_, _ = s.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for n, h := range hashes {
			answers[n] = pipe.ObjectIdleTime(ctx, h.Key())
		}
		return nil
	})
	for n, h := range hashes {
		since, err := answers[n].Result()
		switch {
		case errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "ERR no such key"):
		case err != nil:
			return err
		default:
			idle[h] = since
		}
	}
	return nil
}
