package session

import (
	"context"
	"fmt"
	"time"
)

// relayEvery is how often the queue is looked at without being woken: it finds
// what another replica left behind when it died.
const relayEvery = time.Second

// relayBatch is how many queued tokens are carried through in one transaction.
const relayBatch = 500

// Relay carries queued tokens through until ctx ends: those of ended sessions
// are dropped from Redis, the others are rewritten as Postgres has them. Every
// replica runs one; a row is carried by one at a time.
func (s *Service) Relay(ctx context.Context) {
	ticker := time.NewTicker(relayEvery)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-s.wake:
		}
		err := s.queueDamaged(ctx)
		carried := 0
		if err == nil {
			carried, err = s.drain(ctx)
		}
		switch {
		case err != nil && !failing && ctx.Err() == nil:
			failing = true
			s.log.WarnContext(ctx, "queued tokens wait for a store", "error", err)
		case err == nil && (failing || carried > 0):
			failing = false
			s.log.InfoContext(ctx, "queued tokens carried through", "tokens", carried)
		}
	}
}

func (s *Service) drain(ctx context.Context) (carried int, err error) {
	for {
		n, err := s.carry(ctx, nil)
		carried += n
		if err != nil || n < relayBatch {
			return carried, err
		}
	}
}

// carry brings the records of queued tokens in line with Postgres and takes
// them off the queue. Of only these tokens, or, if none are named, of any that
// nobody else carries. The queue's rows are locked before the truth is read, so
// an older truth can never be written over a newer one.
func (s *Service) carry(ctx context.Context, only hashes) (int, error) {
	count := 0
	err := s.store.inTx(ctx, func(ctx context.Context, tx queueTx) error {
		queued, err := tx.lock(ctx, only)
		if err != nil || len(queued) == 0 {
			return err
		}
		live, err := tx.truths(ctx, queued, s.now())
		if err != nil {
			return err
		}
		if err := s.tokens.Drop(ctx, deadOf(queued, live)...); err != nil {
			return err
		}
		if err := s.tokens.Replace(ctx, principalsOf(live)...); err != nil {
			return err
		}
		count = len(queued)
		return tx.dequeue(ctx, queued)
	})
	if err != nil {
		return 0, fmt.Errorf("carry queued tokens through: %w", err)
	}
	return count, nil
}

// Waiting counts the tokens whose end or change Redis has not heard of yet.
func (s *Service) Waiting(ctx context.Context) (int64, error) { return s.store.waiting(ctx) }

// wakeRelay asks the relay to look now.
func (s *Service) wakeRelay() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
