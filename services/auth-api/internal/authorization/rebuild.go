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
	// rebuildEvery is how often Redis is checked for its rebuild marker.
	rebuildEvery = time.Second
	// rebuildBatch is how many tokens are restored in one transaction.
	rebuildBatch = 500
	// claimTTL is when a claim ends if its replica does not renew it.
	claimTTL = 5 * time.Second
	// evictionCooldown is the minimum time between two rebuilds of a Redis that evicts: a
	// rebuild itself may cause evictions.
	evictionCooldown = time.Minute
	// replayWindow is how old a synced change may be for a rebuild to replay it.
	replayWindow = time.Hour
)

// Rebuild brings Redis in line with Postgres whenever it comes back without its last
// writes, be it a second of them or all, until ctx ends. Every replica runs it; a claim in
// Redis lets one of them do the work.
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

// Rebuilt counts the records that a rebuild restored and dropped.
type Rebuilt struct{ Restored, Dropped int }

// RebuildOnce is one round of Rebuild. It returns nil if Redis is complete or another
// replica rebuilds it. After an error the next round starts from the beginning.
func (s *Service) RebuildOnce(ctx context.Context) (*Rebuilt, error) {
	s.rebuilding.Lock()
	defer s.rebuilding.Unlock()
	if known, err := s.records.Rebuilt(ctx); err != nil || known {
		return nil, err
	}
	if s.records.Evicts() && s.now().Before(s.cooldownUntil) {
		return nil, nil
	}
	if s.rebuildID == "" {
		made, err := uuid.NewRandomFromReader(s.random)
		if err != nil {
			return nil, fmt.Errorf("make the id of a rebuild: %w", err)
		}
		s.rebuildID = made.String()
	}
	if held, err := s.records.Claim(ctx, s.rebuildID, claimTTL); err != nil || !held {
		return nil, err
	}
	defer s.records.Release(ctx, s.rebuildID)
	// Another replica may have finished in the meantime and released its claim.
	if known, err := s.records.Rebuilt(ctx); err != nil || known {
		return nil, err
	}
	b := rebuild{Service: s}
	began := s.now()
	if err := b.run(ctx); err != nil {
		return nil, fmt.Errorf("rebuild: %w", err)
	}
	// The id is reset only after success: a failed rebuild may still hold the claim.
	s.rebuildID = ""
	took := s.now().Sub(began)
	s.cooldownUntil = s.now().Add(max(evictionCooldown, 10*took))
	s.rebuilds.Add(1)
	s.log.InfoContext(ctx, "Redis was brought in line with Postgres", "restored", b.Restored, "dropped", b.Dropped, "took", took)
	return &b.Rebuilt, nil
}

// Rebuilds counts the rebuilds of this replica.
func (s *Service) Rebuilds() uint64 { return s.rebuilds.Load() }

type rebuild struct {
	*Service
	Rebuilt
}

// run does the most urgent first: it replays recent changes, so that ended tokens are dead,
// then restores live tokens, then drops records that Postgres does not know.
func (b *rebuild) run(ctx context.Context) error {
	began, err := b.records.BeginRebuild(ctx, b.rebuildID)
	if err != nil {
		return err
	}
	if err := b.replay(ctx); err != nil {
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

// replay repeats the changes of the replay window, and waits until those in the outbox are
// synced, by any replica.
func (b *rebuild) replay(ctx context.Context) error {
	since := b.now().Add(-replayWindow)
	for after := (uuid.UUID{}); ; {
		some, err := b.syncedSince(ctx, since, after)
		if err != nil {
			return err
		}
		if err := b.replaySelectors(ctx, some); err != nil {
			return err
		}
		if len(some) < rebuildBatch {
			break
		}
		after = some[len(some)-1].id
	}
	for {
		if err := b.renewClaim(ctx); err != nil {
			return err
		}
		c, err := b.syncSelectors(ctx, takeDue)
		if err != nil {
			return err
		}
		if c.selectors > 0 {
			continue
		}
		if synced, err := b.isSynced(ctx); err != nil || synced {
			return err
		}
		// Another replica syncs the rest.
		if err := b.wait(ctx, relayEvery/10); err != nil {
			return err
		}
	}
}

// replaySelectors replays selectors of trees together: nearly all selectors select one
// sign-in.
func (b *rebuild) replaySelectors(ctx context.Context, selectors []*selector) error {
	var roots []uuid.UUID
	for _, sel := range selectors {
		switch {
		case sel.unreadable != nil: // syncSelectors logs it.
		case sel.what == selectTree:
			roots = append(roots, uuid.UUID(sel.target))
		default:
			for done := false; !done; {
				if err := b.renewClaim(ctx); err != nil {
					return err
				}
				var err error
				if done, err = b.replaySelector(ctx, sel); err != nil {
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
		if err := b.renewClaim(ctx); err != nil {
			return err
		}
		var err error
		if last, done, err = b.replayTrees(ctx, roots, last); err != nil {
			return err
		}
	}
	return nil
}

// restoreLive writes the records while their subjects are locked. So an end is either
// committed before, and the token is not restored, or after, and the record is deleted.
func (b *rebuild) restoreLive(ctx context.Context) (err error) {
	for p := (page{more: true}); p.more; {
		if err := b.renewClaim(ctx); err != nil {
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

// dropUnknown checks each record twice, because the authorization of a new record may not
// be committed yet. By the second check it is committed, or never will be. Keys that may
// belong to another program are not deleted.
func (b *rebuild) dropUnknown(ctx context.Context) error {
	var suspects []token.Hash
	err := b.records.Records(ctx, func(ctx context.Context, there []token.Hash) error {
		dead, err := b.dead(ctx, there)
		suspects = append(suspects, dead...)
		if err != nil {
			return err
		}
		return b.renewClaim(ctx)
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
		if err := b.dropDead(ctx, dead); err != nil {
			return err
		}
	}
	return nil
}

func (b *rebuild) dropDead(ctx context.Context, dead []token.Hash) error {
	if len(dead) == 0 {
		return nil
	}
	if err := b.renewClaim(ctx); err != nil {
		return err
	}
	b.Dropped += len(dead)
	return b.records.Drop(ctx, dead...)
}

// wait renews the claim while it waits.
func (b *rebuild) wait(ctx context.Context, d time.Duration) error {
	ticker := time.NewTicker(min(d, time.Second))
	defer ticker.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if err := b.renewClaim(ctx); err != nil {
			return err
		}
	}
	return nil
}

// renewClaim fails if another replica holds the claim.
func (b *rebuild) renewClaim(ctx context.Context) error {
	held, err := b.records.Claim(ctx, b.rebuildID, claimTTL)
	if err == nil && !held {
		err = errors.New("another replica holds the claim")
	}
	return err
}
