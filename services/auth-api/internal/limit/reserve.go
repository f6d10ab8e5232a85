package limit

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
)

// reserve waits for the attempt's turn, and reserves it. The first claim is the one whose
// attempts wait for each other.
func (l *Limiter) reserve(ctx context.Context, claims []claim) (*Attempt, error) {
	claims = limiting(claims)
	if len(claims) == 0 {
		return &Attempt{limiter: l}, nil
	}
	// A flood is refused here, without a wait.
	if n, wait, full := l.memory.full(claims, l.Now()); full {
		return nil, l.refuse(claims[n], wait)
	}
	leave, ok := l.lines.enter(ctx, claims[0].key, claims[0].strict())
	if err := ctx.Err(); err != nil {
		if ok {
			leave()
		}
		return nil, fmt.Errorf("wait for the turn of an attempt: %w", err)
	}
	if !ok {
		return nil, l.refuse(claims[0], time.Second)
	}
	a := &Attempt{limiter: l, claims: claims, id: rand.Text()[:idLength], leave: leave}
	if n, wait, ok := l.count(ctx, a); !ok {
		leave()
		return nil, l.refuse(claims[n], wait)
	}
	return a, nil
}

// idLength is the length of an attempt's id: 5 bits a character.
const idLength = 12

// limiting leaves out limits that are off.
func limiting(claims []claim) (on []claim) {
	for _, c := range claims {
		if c.Attempts > 0 {
			on = append(on, c)
		}
	}
	return on
}

// count counts an attempt in memory and in Redis. If there is no place, it says in which
// claim, and for how long.
func (l *Limiter) count(ctx context.Context, a *Attempt) (full int, wait time.Duration, ok bool) {
	now := l.Now()
	if n, wait, ok := l.memory.reserve(a.claims, a.id, now); !ok {
		return n, wait, false
	}
	if l.silent(now) {
		return l.alone(a, now)
	}
	places, err := l.shared.reserve(ctx, a.claims, a.id, now)
	if err != nil {
		l.failed(ctx, err, now)
		return l.alone(a, now)
	}
	l.answered(ctx)
	a.shared = true
	for n, p := range places {
		c := a.claims[n]
		wait := time.Duration(0)
		if delay := c.delay(p.before); delay > 0 {
			wait = p.last.Add(delay).Sub(now)
		}
		if p.before < c.most && wait <= 0 {
			continue
		}
		a.undo(ctx)
		if p.before >= c.most {
			wait = l.placeIn(ctx, c, now)
		}
		l.memory.refuse(c, wait, now)
		return n, wait, false
	}
	return 0, 0, true
}

// alone decides without Redis.
func (l *Limiter) alone(a *Attempt, now time.Time) (full int, wait time.Duration, ok bool) {
	l.failures.Inc()
	full, wait, ok = l.memory.admits(a.claims, a.id, now)
	if !ok {
		l.memory.remove(a.claims, a.id)
	}
	return full, wait, ok
}

// placeIn is how long until a full limit has a place.
func (l *Limiter) placeIn(ctx context.Context, c claim, now time.Time) time.Duration {
	oldest, err := l.shared.oldest(ctx, c, now)
	if err != nil {
		return c.Period
	}
	return oldest.Add(c.Period).Sub(now)
}

// refuse counts and makes a refusal.
func (l *Limiter) refuse(c claim, wait time.Duration) error {
	l.limited.WithLabelValues(c.name).Inc()
	f := fault.New(fault.TooManyAttempts, "There were too many attempts. Wait as long as Retry-After says, then try again.")
	f.RetryAfter = max(wait, time.Second)
	f.Limit = &fault.Limit{Name: c.name, Quota: c.Attempts, Window: c.Period}
	return f
}
