package authorization

import (
	"context"
	"time"
)

// relayEvery is how often the outbox is looked at without being woken: it finds what
// another replica left behind when it died.
const relayEvery = time.Second

// Relay carries what waits in the outbox to Redis until ctx ends. Every replica runs
// one; a selector is carried by one at a time.
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
		count := 0
		if err == nil {
			count, err = s.drain(ctx)
		}
		switch {
		case err != nil && !failing && ctx.Err() == nil:
			failing = true
			s.log.WarnContext(ctx, "changes wait for a store", "error", err)
		case err == nil && (failing || count > 0):
			failing = false
			s.log.InfoContext(ctx, "changes carried to Redis", "pages", count)
		}
	}
}

// drain carries until nothing waits, and counts the pages.
func (s *Service) drain(ctx context.Context) (pages int, err error) {
	for {
		c, err := s.carry(ctx, takeTurns)
		if err != nil || c.selectors == 0 {
			return pages, err
		}
		pages++
		if c.selectors < turns && !c.more {
			return pages, nil
		}
	}
}

// wakeRelay asks the relay to look now.
func (s *Service) wakeRelay() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
