package cache

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// MarkTTL is how long a missing key counts as missing after the mark was last seen.
const MarkTTL = 250 * time.Millisecond

var errUnanswered = errors.New("no answer from Redis")

// pipeline reads batches from one Redis.
type pipeline struct {
	client redis.Cmdable
	// elsewhere takes what another Redis is to be asked for; may be nil.
	elsewhere func(context.Context, *request)
	mark      mark
	// strings is true if the keys hold strings, false if hashes.
	strings bool
	// seen is when the mark was last; nil if what was seen does not count any more.
	// A time, not a number: a wall clock that is set back must not make it last.
	seen atomic.Pointer[time.Time]
}

func (p *pipeline) send(ctx context.Context, batch []*request) {
	missing := p.ask(ctx, batch, p.believes(time.Now()))
	if len(missing) == 0 {
		return
	}
	now := time.Now()
	if err := p.mark.look(ctx); err != nil {
		for _, r := range missing {
			r.to.answer(reply{}, true, err)
		}
		return
	}
	p.seen.Store(&now)
	// Once more: it may have been filled after it was asked.
	p.ask(ctx, missing, true)
}

// ask answers the requests, but for those that are not there, if an absence is
// not believed: these it gives back.
func (p *pipeline) ask(ctx context.Context, batch []*request, believes bool) (missing []*request) {
	pipe := p.client.Pipeline()
	answers := make([]redis.Cmder, len(batch))
	for i, r := range batch {
		if p.strings {
			answers[i] = pipe.Get(ctx, r.key)
		} else {
			answers[i] = pipe.HGetAll(ctx, r.key)
		}
	}
	_, failed := pipe.Exec(ctx)
	for i, r := range batch {
		answer, err := replyOf(answers[i])
		if errors.Is(err, errUnanswered) {
			err = cmp.Or(ignoreMissing(failed), err)
		}
		if err != nil {
			p.seen.Store(nil)
		}
		switch {
		case err != nil && p.elsewhere != nil && moved(err):
			p.elsewhere(ctx, r)
		case err == nil && answer.missing() && !believes:
			missing = append(missing, r)
		default:
			r.to.answer(answer, true, err)
		}
	}
	return missing
}

// replyOf reads what came of a command. go-redis leaves commands without an error
// when a new connection is refused, for a wrong password for instance, and "not
// asked" must never be read as "not there": then the error is errUnanswered.
func replyOf(cmd redis.Cmder) (r reply, err error) {
	switch cmd := cmd.(type) {
	case *redis.StringCmd:
		// A key that is missing is redis.Nil, and nobody writes an empty string.
		if r.text, err = cmd.Result(); err == nil && r.text == "" {
			err = errUnanswered
		}
	case *redis.MapStringStringCmd:
		// An empty answer is an empty map.
		if r.fields, err = cmd.Result(); err == nil && r.fields == nil {
			err = errUnanswered
		}
	}
	return r, ignoreMissing(err)
}

func ignoreMissing(err error) error {
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}

func (p *pipeline) believes(now time.Time) bool {
	seen := p.seen.Load()
	return p.mark.key == "" || seen != nil && now.Sub(*seen) < MarkTTL
}
