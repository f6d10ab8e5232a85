package access

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// ErrRestarted says that Redis is not the one any more that a rebuild began with.
var ErrRestarted = errors.New("the Redis was restarted or replaced meanwhile")

// claimKey is held by whoever rebuilds.
const claimKey = token.KeyPrefix + "rebuilding"

// partly is before a mark while records may be there that should not.
const partly = "partly:"

// A rebuild leaves a mark in two places: as the value of token.RebuiltKey, which
// is written to disk and replicated, and in the name of a script, which Redis
// (7 and newer) neither writes down nor replicates. So both agree only in the
// process that was rebuilt, with the data it was rebuilt with.

// Rebuilt says whether every master is one that was rebuilt.
func (s *Store) Rebuilt(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	mark, err := s.redis.Get(ctx, token.RebuiltKey).Result()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the mark of a rebuild: %w", err)
	}
	return s.marked(ctx, mark)
}

// BeginRebuild marks the processes that are there now.
func (s *Store) BeginRebuild(ctx context.Context, mark string) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	err := s.eachMaster(ctx, func(ctx context.Context, r redis.Cmdable) error {
		return markScript(mark).Load(ctx, r).Err()
	})
	if err != nil {
		return fmt.Errorf("mark the beginning of a rebuild: %w", err)
	}
	return nil
}

// Complete says that every live token is there: what is missing is dead.
// Error: ErrRestarted.
func (s *Store) Complete(ctx context.Context, mark string) error {
	return s.note(ctx, mark, partly+mark)
}

// FinishRebuild says besides that nothing else is there. Error: ErrRestarted.
func (s *Store) FinishRebuild(ctx context.Context, mark string) error { return s.note(ctx, mark, mark) }

func (s *Store) note(ctx context.Context, mark, value string) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	same, err := s.marked(ctx, mark)
	if err != nil {
		return err
	}
	if !same {
		return ErrRestarted
	}
	if err := s.redis.Set(ctx, token.RebuiltKey, value, 0).Err(); err != nil {
		return fmt.Errorf("write the mark of a rebuild: %w", err)
	}
	return nil
}

// marked says whether all masters know the mark.
func (s *Store) marked(ctx context.Context, mark string) (bool, error) {
	var unknown atomic.Bool
	err := s.eachMaster(ctx, func(ctx context.Context, r redis.Cmdable) error {
		found, err := markScript(mark).Exists(ctx, r).Result()
		if err == nil && !found[0] {
			unknown.Store(true)
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for the mark of a rebuild: %w", err)
	}
	return !unknown.Load(), nil
}

func markScript(mark string) *redis.Script { return redis.NewScript("return '" + mark + "'") }

// eachMaster does something at each master, in a cluster at all at once.
func (s *Store) eachMaster(ctx context.Context, do func(context.Context, redis.Cmdable) error) error {
	if cluster, is := s.redis.(*redis.ClusterClient); is {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, r *redis.Client) error { return do(ctx, r) })
	}
	return do(ctx, s.redis)
}

// KEYS[1] claim, ARGV[1] whose, ARGV[2] for how long in milliseconds.
const claimScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`

// Claim says whether this mark is the one that rebuilds, for so long from now.
func (s *Store) Claim(ctx context.Context, mark string, during time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	held, err := s.claim.Run(ctx, s.redis, []string{claimKey}, mark, during.Milliseconds()).Bool()
	if err != nil {
		return false, fmt.Errorf("claim a rebuild: %w", err)
	}
	return held, nil
}

// Release ends the claim. If that fails, it ends by itself.
func (s *Store) Release(ctx context.Context, mark string) {
	_, _ = s.Claim(context.WithoutCancel(ctx), mark, time.Millisecond)
}

// Restore makes the tokens live, as the identities say, whatever was there.
func (s *Store) Restore(ctx context.Context, identities ...verify.Identity) error {
	return s.rewrite(ctx, s.restore, identities)
}

// scanCount is how many keys Redis looks at in one call.
const scanCount = 500

// Records calls each with the tokens that Redis has a record of, some at a time;
// one may come twice. In a cluster several masters are read at once, each is
// called by one at a time.
func (s *Store) Records(ctx context.Context, each func(context.Context, []token.Hash) error) error {
	turn := make(chan struct{}, 1)
	err := s.eachMaster(ctx, func(ctx context.Context, r redis.Cmdable) error {
		var cursor uint64
		for {
			keys, next, err := s.scan(ctx, r, cursor)
			if err != nil {
				return err
			}
			turn <- struct{}{}
			err = each(ctx, hashesOf(keys))
			<-turn
			if cursor = next; err != nil || cursor == 0 {
				return err
			}
		}
	})
	if err != nil {
		return fmt.Errorf("look through tokens' records: %w", err)
	}
	return nil
}

func (s *Store) scan(ctx context.Context, r redis.Cmdable, cursor uint64) ([]string, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return r.Scan(ctx, cursor, token.KeyPrefix+"*", scanCount).Result()
}

func hashesOf(keys []string) (hashes []token.Hash) {
	for _, key := range keys {
		if h, ours := token.ParseKey(key); ours {
			hashes = append(hashes, h)
		}
	}
	return hashes
}
