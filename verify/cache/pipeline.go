package cache

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// MarkerTTL is how long a missing key counts as missing after the marker was last seen.
const MarkerTTL = 250 * time.Millisecond

var errUnanswered = errors.New("no answer from Redis")

// pipeline reads batches from one Redis.
type pipeline struct {
	client redis.Cmdable
	// redirect reads a key that this Redis redirects to another; nil outside clusters.
	redirect func(context.Context, *request)
	marker   marker
	// strings is true if the keys hold strings, false if hashes.
	strings bool
	// seen is when the marker was last seen; nil after an error. It is a time, not a
	// number, so that setting the wall clock back does not prolong it.
	seen atomic.Pointer[time.Time]
}

func (p *pipeline) send(ctx context.Context, batch []*request) {
	missing := p.read(ctx, batch, p.trustsAbsence(time.Now()))
	if len(missing) == 0 {
		return
	}
	now := time.Now()
	if err := p.marker.check(ctx); err != nil {
		for _, r := range missing {
			r.to.deliver(reply{}, true, err)
		}
		return
	}
	p.seen.Store(&now)
	// Read again: Redis may have been filled after the first read.
	p.read(ctx, missing, true)
}

// read reads the keys and delivers the results. Unless trusted, it does not deliver that
// a key is missing, but returns those requests.
func (p *pipeline) read(ctx context.Context, batch []*request, trusted bool) (missing []*request) {
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
		case err != nil && p.redirect != nil && moved(err):
			p.redirect(ctx, r)
		case err == nil && answer.missing() && !trusted:
			missing = append(missing, r)
		default:
			r.to.deliver(answer, true, err)
		}
	}
	return missing
}

// replyOf returns the result of a command. When a new connection is refused, for example
// for a wrong password, go-redis leaves commands without a reply and without an error.
// That must never be read as "the key is missing": replyOf returns errUnanswered.
func replyOf(cmd redis.Cmder) (r reply, err error) {
	switch cmd := cmd.(type) {
	case *redis.StringCmd:
		// For a missing key the error is redis.Nil, and no record is an empty string.
		if r.text, err = cmd.Result(); err == nil && r.text == "" {
			err = errUnanswered
		}
	case *redis.MapStringStringCmd:
		// For a missing key the map is empty, but not nil.
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

// trustsAbsence reports whether a key that Redis does not have can be taken as missing
// without reading the marker.
func (p *pipeline) trustsAbsence(now time.Time) bool {
	seen := p.seen.Load()
	return p.marker.key == "" || seen != nil && now.Sub(*seen) < MarkerTTL
}
