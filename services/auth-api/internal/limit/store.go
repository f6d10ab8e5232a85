package limit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// store counts attempts in Redis.
type store struct {
	redis   redis.Cmdable
	timeout time.Duration
}

// place is what a limit had before an attempt was added to it.
type place struct {
	before int
	// last is when the last of them was made; the zero Time if there was none.
	last time.Time
}

// reserve adds an attempt to each limit.
func (s store) reserve(ctx context.Context, claims []claim, id string, now time.Time) ([]place, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	counts, last := make([]*redis.IntCmd, len(claims)), make([]*redis.ZSliceCmd, len(claims))
	_, err := s.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for n, c := range claims {
			over := strconv.FormatInt(now.Add(-c.Period).UnixMilli(), 10)
			pipe.ZRemRangeByScore(ctx, c.key, "-inf", over)
			if c.free > 0 {
				last[n] = pipe.ZRangeWithScores(ctx, c.key, -1, -1)
			}
			pipe.ZAdd(ctx, c.key, redis.Z{Score: float64(now.UnixMilli()), Member: id})
			counts[n] = pipe.ZCard(ctx, c.key)
			pipe.PExpire(ctx, c.key, c.Period)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count an attempt in Redis: %w", err)
	}
	places := make([]place, len(claims))
	for n := range places {
		places[n].before = int(counts[n].Val()) - 1
		if last[n] != nil && len(last[n].Val()) > 0 {
			places[n].last = time.UnixMilli(int64(last[n].Val()[0].Score))
		}
	}
	return places, nil
}

// release takes an attempt out of each limit.
func (s store) release(ctx context.Context, claims []claim, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	_, err := s.redis.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, c := range claims {
			pipe.ZRem(ctx, c.key, id)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("give back an attempt in Redis: %w", err)
	}
	return nil
}

// oldest is the time of a limit's oldest attempt; now if there is none.
func (s store) oldest(ctx context.Context, c claim, now time.Time) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	first, err := s.redis.ZRangeWithScores(ctx, c.key, 0, 0).Result()
	switch {
	case err != nil && !errors.Is(err, redis.Nil):
		return time.Time{}, fmt.Errorf("read a limit in Redis: %w", err)
	case len(first) == 0:
		return now, nil
	}
	return time.UnixMilli(int64(first[0].Score)), nil
}
