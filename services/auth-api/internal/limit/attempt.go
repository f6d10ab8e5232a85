package limit

import (
	"context"
	"errors"

	"auth.books.test/services/auth-api/internal/fault"
)

// Attempt is one that was reserved. Whoever reserved it must call Keep or GiveBack; only
// the first call counts.
type Attempt struct {
	limiter *Limiter
	claims  []claim
	id      string
	// shared says that Redis has it, too.
	shared bool
	ended  bool
	// address is that of a stranger who signs in; otherwise "".
	address string
	// leave lets the next attempt of the partition work; nil if nothing limits it.
	leave func()
}

// Keep makes the attempt count as a miss.
func (a *Attempt) Keep() {
	if a.ended || a.leave == nil {
		return
	}
	a.ended = true
	if a.address != "" {
		a.limiter.suspects.missed(a.address, a.limiter.Now())
	}
	a.leave()
}

// GiveBack makes the attempt not count. If Redis does not answer, it counts there until its
// time is over.
func (a *Attempt) GiveBack(ctx context.Context) {
	if a.ended || a.leave == nil {
		return
	}
	a.ended = true
	a.undo(ctx)
	a.leave()
}

// Postpone is GiveBack for an attempt for which there was no capacity. It returns the fault
// busy with a longer RetryAfter for strangers, and notes who does not wait for so long.
func (a *Attempt) Postpone(ctx context.Context, busy error) error {
	a.GiveBack(ctx)
	var f *fault.Error
	if a.address == "" || !errors.As(busy, &f) {
		return busy
	}
	f.RetryAfter = max(f.RetryAfter, overallWait)
	a.limiter.suspects.refused(a.address, a.limiter.Now(), f.RetryAfter)
	return busy
}

// undo takes the attempt out of all limits.
func (a *Attempt) undo(ctx context.Context) {
	l := a.limiter
	l.memory.remove(a.claims, a.id)
	now := l.Now()
	if !a.shared || l.silent(now) {
		return
	}
	if err := l.shared.release(ctx, a.claims, a.id); err != nil {
		l.failed(ctx, err, now)
	}
}
