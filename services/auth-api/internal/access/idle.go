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

// Idle says for how long nobody has read or written each token's record, to a second.
// A token without a record is left out. A Redis whose maxmemory-policy is of the LFU
// kind cannot say.
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
