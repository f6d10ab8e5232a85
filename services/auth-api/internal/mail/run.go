package mail

import (
	"context"
	"sync"
	"time"
)

const (
	// pollEvery finds what another replica has queued and not sent, and what is due again.
	pollEvery = 3 * time.Second
	// maxAtOnce is how many mails a replica sends at once.
	maxAtOnce = 4
	// lease is how long a replica may take for a mail until it counts as dead. It is longer
	// than all deadlines of an attempt.
	lease = 10 * time.Minute
)

// Run sends what is due until ctx ends, and then waits for what is being sent. Every replica
// runs one.
func (o *Outbox) Run(ctx context.Context) {
	if !o.enabled {
		return
	}
	var attempts sync.WaitGroup
	defer attempts.Wait()
	slots := make(chan struct{}, maxAtOnce)
	poll, sweep := time.NewTicker(pollEvery), time.NewTicker(sweepEvery)
	defer poll.Stop()
	defer sweep.Stop()
	failing := false
	for {
		err := o.expire(ctx)
		if err == nil {
			err = o.sendDue(ctx, slots, &attempts)
		}
		if err != nil && !failing && ctx.Err() == nil {
			o.log.WarnContext(ctx, "mails cannot be read from the outbox yet", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		case <-o.wake:
		case <-sweep.C:
			if _, err := o.SweepOnce(ctx); err != nil && ctx.Err() == nil {
				o.log.WarnContext(ctx, "old mails cannot be deleted yet", "error", err)
			}
		}
	}
}

// sendDue sends mails until none is due, or all slots are in use: then the attempt that ends
// first wakes Run.
func (o *Outbox) sendDue(ctx context.Context, slots chan struct{}, attempts *sync.WaitGroup) error {
	for ctx.Err() == nil {
		select {
		case slots <- struct{}{}:
		default:
			return nil
		}
		a, err := o.claim(ctx)
		if err != nil || a == nil {
			<-slots
			return err
		}
		attempts.Go(func() {
			o.attempt(ctx, a)
			<-slots
			o.Wake()
		})
	}
	return nil
}
