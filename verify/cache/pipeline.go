package cache

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// believed is for how long after the mark was seen an absence is believed.
const believed = 250 * time.Millisecond

var errUnanswered = errors.New("no answer from Redis")

// pipeline reads batches from one Redis.
type pipeline struct {
	client redis.Cmdable
	// elsewhere takes what another Redis is to be asked for; may be nil.
	elsewhere func(context.Context, *request)
	mark      mark
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
			r.to.answer(nil, true, err)
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
	answers := make([]*redis.MapStringStringCmd, len(batch))
	for i, r := range batch {
		answers[i] = pipe.HGetAll(ctx, r.key)
	}
	_, failed := pipe.Exec(ctx)
	if failed != nil {
		p.seen.Store(nil)
	}
	for i, r := range batch {
		fields, err := answers[i].Result()
		if fields == nil && err == nil {
			// Not answered: an empty answer is an empty map. go-redis leaves commands
			// without an error when a new connection is refused, for a wrong password
			// for instance, and "not asked" must never be read as "not there".
			err = cmp.Or(failed, errUnanswered)
		}
		switch {
		case err != nil && p.elsewhere != nil && moved(err):
			p.elsewhere(ctx, r)
		case err == nil && len(fields) == 0 && !believes:
			missing = append(missing, r)
		default:
			r.to.answer(fields, true, err)
		}
	}
	return missing
}

func (p *pipeline) believes(now time.Time) bool {
	seen := p.seen.Load()
	return p.mark.key == "" || seen != nil && now.Sub(*seen) < believed
}
