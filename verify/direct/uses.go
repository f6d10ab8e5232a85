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
	// A use of a token is reported after a quarter of the time that its idle timeout had
	// left at the last report, but within these limits.
	maxUseInterval = 5 * time.Minute
	minUseInterval = time.Second
	useQuarter     = 4
	// useFlush is how often uses are sent to Redis.
	useFlush = 500 * time.Millisecond
	// useBatch is how many uses one pipeline holds.
	useBatch = 256
	// useTimeout limits each pipeline. Uses that it loses are not sent again; later uses
	// are reported after the next interval.
	useTimeout = 2 * time.Second
)

// known is a cached token.
type known struct {
	principal verify.Principal
	// reported is when Redis last got a use, in Unix seconds.
	reported atomic.Int64
}

// isDue reports whether a use should be reported now.
func (k *known) isDue(reported, now int64) bool {
	interval := (k.principal.IdleExpiresAt.Unix() - reported) / useQuarter
	return now-reported >= min(max(interval, int64(minUseInterval/time.Second)), int64(maxUseInterval/time.Second))
}

// uses reports to Redis which tokens are used. Redis notices by itself when a record is
// read. Uses of tokens that are verified from memory are sent with TOUCH, which needs no
// right to write. auth-api asks Redis when a session was last used, and keeps it alive.
type uses struct {
	client redis.Cmdable
	log    *slog.Logger
	queue  chan token.Hash
	// refused is set when Redis does not allow TOUCH, so that this is logged once. Only
	// run uses it.
	refused bool
	stop    context.CancelFunc
	ended   sync.WaitGroup
}

// reportUses starts to report uses; close reports the last ones.
func reportUses(client redis.Cmdable, log *slog.Logger) *uses {
	ctx, stop := context.WithCancel(context.Background())
	u := &uses{client: client, log: log, queue: make(chan token.Hash, 16*useBatch), stop: stop}
	u.ended.Go(func() { u.run(ctx) })
	return u
}

// note queues a use of a token that has an idle timeout, if it is due. It neither blocks
// nor allocates (BenchmarkVerifyCached).
func (u *uses) note(k *known, now time.Time) {
	if k.principal.IdleExpiresAt.IsZero() {
		return
	}
	seconds, reported := now.Unix(), k.reported.Load()
	if !k.isDue(reported, seconds) || !k.reported.CompareAndSwap(reported, seconds) {
		return
	}
	select {
	case u.queue <- k.principal.Hash:
	default:
		k.reported.Store(reported) // The queue is full: the next use tries again.
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

// flush sends all queued uses.
func (u *uses) flush() {
	for len(u.queue) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), useTimeout)
		_, err := u.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for range min(len(u.queue), useBatch) {
				// One command for each key, because a cluster has them on several nodes.
				pipe.Touch(ctx, (<-u.queue).Key())
			}
			return nil
		})
		cancel()
		if redis.IsPermissionError(err) && !u.refused {
			u.refused = true
			u.log.Warn("Redis does not allow TOUCH: a session that is used only here ends after its idle timeout. Give the user the right +touch", "error", err)
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
