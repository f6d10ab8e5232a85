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

// HashVerifier is what a Pool bounds. Hasher is one.
type HashVerifier interface {
	Hash(password string) (string, error)
	Verify(password, phc string) (ok, needsRehash bool, err error)
	VerifyNothing(password string) error
}

// Pool bounds how many passwords are hashed at once. A hash takes a whole
// processor and 19 MiB for some 30 ms; unbounded, a burst of sign-ins would
// starve all else. Callers beyond the slots wait in order in a short queue.
//
// Once begun, a hash is not broken off.
type Pool struct {
	hasher  HashVerifier
	options PoolOptions
	slots   *semaphore.Weighted
	idle    *idleness

	inside           atomic.Int64
	busy             atomic.Int64
	refused, dropped atomic.Uint64
}

// PoolOptions bound a Pool. Zero takes the default.
type PoolOptions struct {
	// Slots is how many hash at once; see SlotsFor. Default 1.
	Slots int
	// Queue is how many wait. Default 16 for each slot: at 30 to 60 ms a hash,
	// the last of them waits for 0.5 to 1 s.
	Queue int
	// Wait is how long a caller waits at most. Default 2 s.
	Wait time.Duration
	// Release is called when no hash has run for IdleAfter (default 2 s), from
	// a goroutine of its own; nil for none. debug.FreeOSMemory gives back the
	// memory of a burst, which the runtime by itself may keep for minutes.
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
	return &Pool{hasher: hasher, options: o, slots: semaphore.NewWeighted(int64(o.Slots)), idle: newIdleness(o.IdleAfter, o.Release)}
}

// Hash is Hasher.Hash in a slot. Errors, besides those: a fault of code busy
// with RetryAfter if the queue is full or the wait too long, and the error of
// ctx if it ended before the hash began.
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

// VerifyNothing is Hasher.VerifyNothing in a slot. Errors as of Hash.
func (p *Pool) VerifyNothing(ctx context.Context, password string) error {
	return p.do(ctx, func() error { return p.hasher.VerifyNothing(password) })
}

// Room says whether somebody who came now would be let in: whoever would have to
// do something before hashing can spare it. Error: a fault of code busy.
func (p *Pool) Room() error {
	if p.inside.Load() >= int64(p.options.Slots+p.options.Queue) {
		return p.refuse(errQueueFull)
	}
	return nil
}

// do runs work in a slot.
func (p *Pool) do(ctx context.Context, work func() error) error {
	// Counted before anything else, so that slots and queue together are
	// never overfull.
	defer p.inside.Add(-1)
	if p.inside.Add(1) > int64(p.options.Slots+p.options.Queue) {
		return p.refuse(errQueueFull)
	}
	if err := p.enter(ctx); err != nil {
		return err
	}
	defer p.leave()
	return work()
}

func (p *Pool) enter(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, p.options.Wait)
	defer cancel()
	err := p.slots.Acquire(waiting, 1)
	// The caller may have gone in the moment that the slot came free.
	if gone := ctx.Err(); gone != nil {
		if err == nil {
			p.slots.Release(1)
		}
		p.dropped.Add(1)
		return fmt.Errorf("wait to hash a password: %w", gone)
	}
	if err != nil {
		return p.refuse(fmt.Errorf("waited %v to hash a password", p.options.Wait))
	}
	p.busy.Add(1)
	p.idle.begin()
	return nil
}

func (p *Pool) leave() {
	p.idle.end()
	p.busy.Add(-1)
	p.slots.Release(1)
}

// refuse asks to come back after Wait: by then all who wait now are served or
// refused.
func (p *Pool) refuse(cause error) error {
	p.refused.Add(1)
	busy := fault.Wrap(fault.Busy, "Too many passwords are being checked at the moment. Try again shortly.", cause)
	busy.RetryAfter = p.options.Wait
	return busy
}

// Stats are the gauges and counters of a Pool.
type Stats struct {
	// Slots is the bound, Busy how many are hashing, Queued how many wait.
	Slots, Busy, Queued int
	// Refused counts callers answered busy, Dropped those who left before
	// their turn.
	Refused, Dropped uint64
}

// Stats reads the gauges. Each is right by itself; together they may be of
// slightly different moments.
func (p *Pool) Stats() Stats {
	busy := p.busy.Load()
	return Stats{
		Slots: p.options.Slots, Busy: int(busy),
		Queued:  int(min(max(0, p.inside.Load()-busy), int64(p.options.Queue))),
		Refused: p.refused.Load(), Dropped: p.dropped.Load(),
	}
}
