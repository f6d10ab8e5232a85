package authorization

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
	// rebuildBatch is how many tokens are restored in one transaction.
	rebuildBatch = 500
	// claimFor is for how long whoever rebuilds may be silent.
	claimFor = 5 * time.Second
	// evictingRest is how long a Redis that evicts is left alone after a rebuild, which
	// itself may have pushed records out of it.
	evictingRest = time.Minute
	// lately is how far back what was carried is carried again first.
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
	if known, err := s.records.Rebuilt(ctx); err != nil || known {
		return nil, err
	}
	if s.records.Evicts() && s.now().Before(s.restUntil) {
		return nil, nil
	}
	if s.mark == "" {
		made, err := uuid.NewRandomFromReader(s.random)
		if err != nil {
			return nil, fmt.Errorf("make the mark of a rebuild: %w", err)
		}
		s.mark = made.String()
	}
	if held, err := s.records.Claim(ctx, s.mark, claimFor); err != nil || !held {
		return nil, err
	}
	defer s.records.Release(ctx, s.mark)
	// Another may have done it since, and released its claim.
	if known, err := s.records.Rebuilt(ctx); err != nil || known {
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

// run goes by what is at stake: first what ended or changed lately is carried again,
// then the live tokens come back, then goes what Postgres does not know.
func (b *rebuild) run(ctx context.Context) error {
	began, err := b.records.BeginRebuild(ctx, b.mark)
	if err != nil {
		return err
	}
	if err := b.carryAgain(ctx); err != nil {
		return err
	}
	if err := b.restoreLive(ctx); err != nil {
		return err
	}
	if err := b.records.Complete(ctx, began); err != nil {
		return err
	}
	if err := b.dropUnknown(ctx); err != nil {
		return err
	}
	return b.records.FinishRebuild(ctx, began)
}

// carryAgain repeats what was carried lately, and waits until what was not is carried, by
// whatever replica.
func (b *rebuild) carryAgain(ctx context.Context) error {
	since := b.now().Add(-lately)
	for after := (uuid.UUID{}); ; {
		some, err := b.carriedSince(ctx, since, after)
		if err != nil {
			return err
		}
		if err := b.repeatAll(ctx, some); err != nil {
			return err
		}
		if len(some) < rebuildBatch {
			break
		}
		after = some[len(some)-1].id
	}
	for {
		if err := b.keep(ctx); err != nil {
			return err
		}
		c, err := b.carry(ctx, takeTurns)
		if err != nil {
			return err
		}
		if c.selectors > 0 {
			continue
		}
		if carried, err := b.isCarried(ctx); err != nil || carried {
			return err
		}
		// Another carries the rest.
		if err := b.wait(ctx, relayEvery/10); err != nil {
			return err
		}
	}
}

// repeatAll takes trees together: nearly all selectors are of one sign-in.
func (b *rebuild) repeatAll(ctx context.Context, selectors []*selector) error {
	var roots []uuid.UUID
	for _, sel := range selectors {
		switch {
		case sel.unreadable != nil: // It is logged when it is carried.
		case sel.what == selectTree:
			roots = append(roots, uuid.UUID(sel.target))
		default:
			for done := false; !done; {
				if err := b.keep(ctx); err != nil {
					return err
				}
				var err error
				if done, err = b.repeat(ctx, sel); err != nil {
					return err
				}
			}
		}
	}
	if len(roots) == 0 {
		return nil
	}
	var last uuid.UUID
	for done := false; !done; {
		if err := b.keep(ctx); err != nil {
			return err
		}
		var err error
		if last, done, err = b.repeatTrees(ctx, roots, last); err != nil {
			return err
		}
	}
	return nil
}

// restoreLive writes the records while it holds their subjects: whoever ends something
// of one does so before, and it is not restored, or after, and takes it away.
func (b *rebuild) restoreLive(ctx context.Context) (err error) {
	for p := (page{more: true}); p.more; {
		if err := b.keep(ctx); err != nil {
			return err
		}
		restored := 0
		if p, restored, err = b.restorePage(ctx, p); err != nil {
			return err
		}
		b.Restored += restored
	}
	return nil
}

// dropUnknown looks twice: the authorization of a record that was just written may not
// be committed yet. It is by the second look, or never will be. A key that may be
// of another program stays.
func (b *rebuild) dropUnknown(ctx context.Context) error {
	var suspects []token.Hash
	err := b.records.Records(ctx, func(ctx context.Context, there []token.Hash) error {
		dead, err := b.dead(ctx, there)
		suspects = append(suspects, dead...)
		if err != nil {
			return err
		}
		return b.keep(ctx)
	})
	if err != nil || len(suspects) == 0 {
		return err
	}
	if err := b.wait(ctx, 2*b.db.Timeout()); err != nil {
		return err
	}
	for some := range slices.Chunk(suspects, rebuildBatch) {
		dead, err := b.dead(ctx, some)
		if err != nil {
			return err
		}
		if dead, err = b.records.Ours(ctx, dead); err != nil {
			return err
		}
		if err := b.drop(ctx, dead); err != nil {
			return err
		}
	}
	return nil
}

func (b *rebuild) drop(ctx context.Context, dead []token.Hash) error {
	if len(dead) == 0 {
		return nil
	}
	if err := b.keep(ctx); err != nil {
		return err
	}
	b.Dropped += len(dead)
	return b.records.Drop(ctx, dead...)
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
	held, err := b.records.Claim(ctx, b.mark, claimFor)
	if err == nil && !held {
		err = errors.New("another replica does it")
	}
	return err
}
