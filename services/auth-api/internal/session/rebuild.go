package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"auth.books.test/verify/token"
)

const (
	// rebuildEvery is how often Redis is asked whether it is the one that is known.
	rebuildEvery = time.Second
	// rebuildBatch is how many sessions are restored in one transaction.
	rebuildBatch = 500
	// claimFor is for how long whoever rebuilds may be silent.
	claimFor = 5 * time.Second
	// evictingRest is how long a Redis that evicts is left alone after a rebuild, which
	// itself may have pushed records out of it.
	evictingRest = time.Minute
	// lately is how far back the ended sessions go whose tokens die first.
	lately = time.Hour
)

// Rebuild brings Redis in line with Postgres whenever it comes back without what
// was written to it last, be it a second's or everything, until ctx ends. Every
// replica runs one; one of them does it.
func (s *Service) Rebuild(ctx context.Context) {
	ticker := time.NewTicker(rebuildEvery)
	defer ticker.Stop()
	failing := false
	for {
		_, err := s.RebuildOnce(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			s.log.WarnContext(ctx, "Redis cannot be brought in line with Postgres yet", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Rebuilt counts what a rebuild did.
type Rebuilt struct{ Restored, Dropped int }

// RebuildOnce is one round of Rebuild; nil if there was nothing to do, or if
// another replica does it. What it began is begun anew after an error.
func (s *Service) RebuildOnce(ctx context.Context) (*Rebuilt, error) {
	s.rebuilding.Lock()
	defer s.rebuilding.Unlock()
	if known, err := s.tokens.Rebuilt(ctx); err != nil || known {
		return nil, err
	}
	if s.tokens.Evicts() && s.now().Before(s.restUntil) {
		return nil, nil
	}
	if s.mark == "" {
		made, err := uuid.NewRandomFromReader(s.random)
		if err != nil {
			return nil, fmt.Errorf("make the mark of a rebuild: %w", err)
		}
		s.mark = made.String()
	}
	if held, err := s.tokens.Claim(ctx, s.mark, claimFor); err != nil || !held {
		return nil, err
	}
	defer s.tokens.Release(ctx, s.mark)
	// Another may have done it since, and released its claim.
	if known, err := s.tokens.Rebuilt(ctx); err != nil || known {
		return nil, err
	}
	b := rebuild{Service: s}
	began := s.now()
	if err := b.run(ctx); err != nil {
		return nil, fmt.Errorf("rebuild: %w", err)
	}
	// Until then it is kept: whoever failed may still hold the claim.
	s.mark = ""
	took := s.now().Sub(began)
	s.restUntil = s.now().Add(max(evictingRest, 10*took))
	s.rebuilds.Add(1)
	s.log.InfoContext(ctx, "Redis was brought in line with Postgres", "restored", b.Restored, "dropped", b.Dropped, "took", took)
	return &b.Rebuilt, nil
}

// Rebuilds counts those of this replica.
func (s *Service) Rebuilds() uint64 { return s.rebuilds.Load() }

type rebuild struct {
	*Service
	Rebuilt
}

// run goes by what is at stake: first the tokens die that were revoked last, then
// the live ones come back, then goes what Postgres does not know.
func (b *rebuild) run(ctx context.Context) error {
	began, err := b.tokens.BeginRebuild(ctx, b.mark)
	if err != nil {
		return err
	}
	if err := b.dropEnded(ctx); err != nil {
		return err
	}
	if err := b.restoreLive(ctx); err != nil {
		return err
	}
	if err := b.tokens.Complete(ctx, began); err != nil {
		return err
	}
	if err := b.dropUnknown(ctx); err != nil {
		return err
	}
	return b.tokens.FinishRebuild(ctx, began)
}

func (b *rebuild) dropEnded(ctx context.Context) (err error) {
	for p := (page{more: true}); p.more; {
		if p, err = b.store.endedSince(ctx, b.now().Add(-lately), p.last); err != nil {
			return err
		}
		if err := b.drop(ctx, p.tokens); err != nil {
			return err
		}
	}
	return nil
}

// restoreLive writes the records while it holds the accounts: whoever ends one of
// their sessions does so before, and it is not restored, or after, and drops it.
func (b *rebuild) restoreLive(ctx context.Context) (err error) {
	restore := func(ctx context.Context, live []truth) error {
		b.Restored += len(live)
		return b.tokens.Restore(ctx, principalsOf(live)...)
	}
	for p := (page{more: true}); p.more; {
		if err := b.keep(ctx); err != nil {
			return err
		}
		if p, err = b.store.withLive(ctx, p.last, b.now(), restore); err != nil {
			return err
		}
	}
	return nil
}

// dropUnknown looks twice: the session of a record that was just written may not
// be committed yet. It is by the second look, or never will be. A key that may be
// of another program stays.
func (b *rebuild) dropUnknown(ctx context.Context) error {
	var suspects hashes
	err := b.tokens.Records(ctx, func(ctx context.Context, there []token.Hash) error {
		dead, err := b.store.dead(ctx, there, b.now())
		suspects = append(suspects, dead...)
		if err != nil {
			return err
		}
		return b.keep(ctx)
	})
	if err != nil || len(suspects) == 0 {
		return err
	}
	if err := b.wait(ctx, 2*b.store.db.Timeout()); err != nil {
		return err
	}
	for some := range slices.Chunk(suspects, rebuildBatch) {
		dead, err := b.store.dead(ctx, some, b.now())
		if err != nil {
			return err
		}
		if dead, err = b.tokens.Ours(ctx, dead); err != nil {
			return err
		}
		if err := b.drop(ctx, dead); err != nil {
			return err
		}
	}
	return nil
}

func (b *rebuild) drop(ctx context.Context, dead hashes) error {
	if len(dead) == 0 {
		return nil
	}
	if err := b.keep(ctx); err != nil {
		return err
	}
	b.Dropped += len(dead)
	return b.tokens.Drop(ctx, dead...)
}

// wait holds the claim meanwhile.
func (b *rebuild) wait(ctx context.Context, d time.Duration) error {
	ticker := time.NewTicker(min(d, time.Second))
	defer ticker.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if err := b.keep(ctx); err != nil {
			return err
		}
	}
	return nil
}

// keep holds the claim.
func (b *rebuild) keep(ctx context.Context) error {
	held, err := b.tokens.Claim(ctx, b.mark, claimFor)
	if err == nil && !held {
		err = errors.New("another replica does it")
	}
	return err
}
