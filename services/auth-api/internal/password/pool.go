package password

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"auth.books.test/services/auth-api/internal/fault"
)

var errQueueFull = errors.New("the queue for hashing is full")

// HashVerifier is what a Pool limits. Hasher implements it.
type HashVerifier interface {
	Hash(password string) (string, error)
	Verify(password, phc string) (ok, needsRehash bool, err error)
	VerifyDummy(password string) error
}

// Pool limits how many passwords are hashed at once. A hash takes a whole processor and
// 19 MiB for some 30 ms: without a limit, a burst of sign-ins would starve everything
// else. Callers beyond the slots wait in order in a short queue.
//
// Preferred callers have a queue of their own, and wait for no more than two hashes of each
// slot: a flood of strangers must not keep out people whose device is known (`make attack`).
//
// A hash that has begun is not interrupted.
type Pool struct {
	*shared
	// gate lets as many callers of this queue wait for a slot as there are slots; nil for
	// the preferred ones.
	gate      *semaphore.Weighted
	admitted  atomic.Int64 // callers of this queue that hash or wait
	preferred *Pool
}

// shared is what both queues of a Pool have in common.
type shared struct {
	hasher  HashVerifier
	options PoolOptions
	slots   *semaphore.Weighted
	idle    *idleTimer

	busy             atomic.Int64
	refused, dropped atomic.Uint64
}

// PoolOptions are the limits of a Pool. Zero means the default.
type PoolOptions struct {
	// Slots is how many passwords are hashed at once; see SlotsFor. Default 1.
	Slots int
	// Queue is how many callers may wait, and how many preferred ones besides. Default 16 for each slot: at 30 to 60 ms a
	// hash, the last one waits for 0.5 to 1 s.
	Queue int
	// Wait is how long a caller waits at most for a slot. Default 2 s.
	Wait time.Duration
	// Release, if set, is called in a goroutine of its own when no hash has run for
	// IdleAfter (default 2 s). debug.FreeOSMemory in it returns the memory of a burst,
	// which the runtime by itself may keep for minutes (`make bench`, "memory, idle again
	// after a burst of sign-ins").
	Release   func()
	IdleAfter time.Duration
}

func (o PoolOptions) withDefaults() PoolOptions {
	if o.Slots <= 0 {
		o.Slots = 1
	}
	if o.Queue <= 0 {
		o.Queue = 16 * o.Slots
	}
	if o.Wait <= 0 {
		o.Wait = 2 * time.Second
	}
	if o.IdleAfter <= 0 {
		o.IdleAfter = 2 * time.Second
	}
	return o
}

// NewPool makes a Pool.
func NewPool(hasher HashVerifier, options PoolOptions) *Pool {
	o := options.withDefaults()
	s := &shared{hasher: hasher, options: o, slots: semaphore.NewWeighted(int64(o.Slots)), idle: newIdleTimer(o.IdleAfter, o.Release)}
	return &Pool{shared: s, gate: semaphore.NewWeighted(int64(o.Slots)), preferred: &Pool{shared: s}}
}

// Preferred is the queue of callers that go before the others.
func (p *Pool) Preferred() *Pool {
	if p.preferred == nil {
		return p
	}
	return p.preferred
}

// Hash is Hasher.Hash in a slot. Further errors: a fault of code busy with RetryAfter if
// the queue is full or the wait too long, and the error of ctx if it ended before the
// hash began.
func (p *Pool) Hash(ctx context.Context, password string) (phc string, err error) {
	err = p.do(ctx, func() (err error) {
		phc, err = p.hasher.Hash(password)
		return err
	})
	return phc, err
}

// Verify is Hasher.Verify in a slot. Errors as of Hash.
func (p *Pool) Verify(ctx context.Context, password, phc string) (ok, needsRehash bool, err error) {
	err = p.do(ctx, func() (err error) {
		ok, needsRehash, err = p.hasher.Verify(password, phc)
		return err
	})
	return ok, needsRehash, err
}

// VerifyDummy is Hasher.VerifyDummy in a slot. Errors as of Hash.
func (p *Pool) VerifyDummy(ctx context.Context, password string) error {
	return p.do(ctx, func() error { return p.hasher.VerifyDummy(password) })
}

// CheckCapacity reports whether a call would be admitted now, so that callers can refuse
// a request before they do other work for it. Error: a fault of code busy.
func (p *Pool) CheckCapacity() error {
	if p.admitted.Load() >= int64(p.options.Slots+p.options.Queue) {
		return p.refuse(errQueueFull)
	}
	return nil
}

// do waits for a slot and runs work in it.
func (p *Pool) do(ctx context.Context, work func() error) error {
	// The caller is counted first, so that slots and queue together are never overfull.
	defer p.admitted.Add(-1)
	if p.admitted.Add(1) > int64(p.options.Slots+p.options.Queue) {
		return p.refuse(errQueueFull)
	}
	waiting, cancel := context.WithTimeout(ctx, p.options.Wait)
	defer cancel()
	if p.gate != nil {
		if err := p.acquire(ctx, waiting, p.gate); err != nil {
			return err
		}
		defer p.gate.Release(1)
	}
	if err := p.acquire(ctx, waiting, p.slots); err != nil {
		return err
	}
	defer p.slots.Release(1)
	p.busy.Add(1)
	defer p.busy.Add(-1)
	p.idle.begin()
	defer p.idle.end()
	return work()
}

// acquire waits until the deadline of waiting, or until the caller has left.
func (p *Pool) acquire(ctx, waiting context.Context, s *semaphore.Weighted) error {
	err := s.Acquire(waiting, 1)
	// The caller may have left at the moment when its turn came.
	if gone := ctx.Err(); gone != nil {
		if err == nil {
			s.Release(1)
		}
		p.dropped.Add(1)
		return fmt.Errorf("wait to hash a password: %w", gone)
	}
	if err != nil {
		return p.refuse(fmt.Errorf("waited %v to hash a password", p.options.Wait))
	}
	return nil
}

// refuse sets RetryAfter to Wait: by then all callers that wait now have been served or
// refused.
func (p *Pool) refuse(cause error) error {
	p.refused.Add(1)
	busy := fault.Wrap(fault.Busy, "Too many passwords are being checked at the moment. Try again shortly.", cause)
	busy.RetryAfter = p.options.Wait
	return busy
}

// Stats are the gauges and counters of a Pool.
type Stats struct {
	// Slots is the limit, Busy how many are in use, Queued how many callers wait.
	Slots, Busy, Queued int
	// Refused counts callers that got the fault busy, Dropped those that left before
	// they got a slot.
	Refused, Dropped uint64
}

// Stats returns the gauges and counters. Each is exact, but they are not read at the
// same moment.
func (p *Pool) Stats() Stats {
	busy := p.busy.Load()
	return Stats{
		Slots: p.options.Slots, Busy: int(busy),
		Queued:  int(min(max(0, p.admitted.Load()+p.Preferred().admitted.Load()-busy), 2*int64(p.options.Queue))),
		Refused: p.refused.Load(), Dropped: p.dropped.Load(),
	}
}
