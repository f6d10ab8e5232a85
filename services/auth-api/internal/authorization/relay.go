package authorization

import (
	"context"
	"time"
)

// relayEvery is how often the relay polls the outbox. It finds changes that a replica left
// behind when it died.
const relayEvery = time.Second

// Relay syncs the changes in the outbox to Redis until ctx ends. Every replica runs one. A
// row lock prevents two from syncing the same selector.
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
			s.log.WarnContext(ctx, "changes cannot be synced to Redis yet", "error", err)
		case err == nil && (failing || count > 0):
			failing = false
			s.log.InfoContext(ctx, "changes synced to Redis", "pages", count)
		}
	}
}

// drain syncs until no selector is due, and counts the pages.
func (s *Service) drain(ctx context.Context) (pages int, err error) {
	for {
		c, err := s.syncSelectors(ctx, takeDue)
		if err != nil || c.selectors == 0 {
			return pages, err
		}
		pages++
		if c.selectors < maxSelectors && !c.more {
			return pages, nil
		}
	}
}

// wakeRelay makes the relay poll now.
func (s *Service) wakeRelay() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
