package direct

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

const (
	// A use of one token is told to Redis at most this often, and more often when its
	// idle end is near: each time once a quarter of what is left has passed.
	maxUseInterval = 5 * time.Minute
	minUseInterval = time.Second
	useQuarter     = 4
	// useFlush is how long a use waits for others to be told with it.
	useFlush = 500 * time.Millisecond
	// useBatch is how many are told in one pipeline.
	useBatch = 256
	// useTimeout bounds the telling. What fails is told after the next interval.
	useTimeout = 2 * time.Second
)

// known is a token in memory.
type known struct {
	principal verify.Principal
	// told is when Redis last heard of a use, in Unix seconds.
	told atomic.Int64
}

// isDue says whether Redis should hear of a use now.
func (k *known) isDue(told, now int64) bool {
	interval := (k.principal.IdleExpiresAt.Unix() - told) / useQuarter
	return now-told >= min(max(interval, int64(minUseInterval/time.Second)), int64(maxUseInterval/time.Second))
}

// uses tells Redis which tokens are used. Redis knows by itself of those whose record
// it is asked for; of those that are verified from memory it is told, with TOUCH: that
// needs no right to write. auth-api asks Redis when a session was used last, and keeps
// it alive.
type uses struct {
	client redis.UniversalClient
	log    *slog.Logger
	queue  chan token.Hash
	// refused is set once Redis does not allow TOUCH, so that it is logged once.
	refused bool
	stop    context.CancelFunc
	ended   sync.WaitGroup
}

// tellUses begins to tell uses; close tells the last ones.
func tellUses(client redis.UniversalClient, log *slog.Logger) *uses {
	ctx, stop := context.WithCancel(context.Background())
	u := &uses{client: client, log: log, queue: make(chan token.Hash, 16*useBatch), stop: stop}
	u.ended.Go(func() { u.run(ctx) })
	return u
}

// note notes a use of a token that has an idle end. It neither blocks nor allocates
// (BenchmarkVerifyCached).
func (u *uses) note(k *known, now time.Time) {
	if k.principal.IdleExpiresAt.IsZero() {
		return
	}
	is, told := now.Unix(), k.told.Load()
	if !k.isDue(told, is) || !k.told.CompareAndSwap(told, is) {
		return
	}
	select {
	case u.queue <- k.principal.Hash:
	default:
		k.told.Store(told) // There is no room: the next use is noted.
	}
}

func (u *uses) run(ctx context.Context) {
	ticker := time.NewTicker(useFlush)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			u.flush()
			return
		case <-ticker.C:
			u.flush()
		}
	}
}

// flush tells all that wait.
func (u *uses) flush() {
	for len(u.queue) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), useTimeout)
		_, err := u.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for range min(len(u.queue), useBatch) {
				// Each key alone: in a cluster they are on several nodes.
				pipe.Touch(ctx, (<-u.queue).Key())
			}
			return nil
		})
		cancel()
		if redis.IsPermissionError(err) && !u.refused {
			u.refused = true
			u.log.Warn("Redis does not allow TOUCH: a session that is used only here ends when its idle lifetime is over. Give the user the right +touch", "error", err)
		}
		if err != nil {
			return
		}
	}
}

func (u *uses) close() {
	u.stop()
	u.ended.Wait()
}
