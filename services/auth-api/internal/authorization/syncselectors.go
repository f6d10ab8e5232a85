package authorization

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

const (
	// pageSize is how many authorizations are synced in one transaction.
	pageSize = 500
	// maxSelectors is how many selectors are read in one transaction.
	maxSelectors = 100
	// syncTimeout is how long a caller waits until its change is synced to Redis.
	syncTimeout = 10 * time.Second
	// syncRetryAfter is the Retry-After if it was not.
	syncRetryAfter = 5 * time.Second
)

// awaitSync syncs the selectors that a change queued, before its caller is answered. It
// ignores cancellation: the change is already committed.
func (s *Service) awaitSync(ctx context.Context, queued []uuid.UUID) error {
	if len(queued) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), syncTimeout)
	defer cancel()
	for {
		left, err := s.syncSelectors(ctx, func(ctx context.Context, tx pgx.Tx) ([]*selector, error) { return takeByID(ctx, tx, queued) })
		switch {
		case err == nil && !left.more && !left.postponed:
			return nil
		case ctx.Err() != nil || err == nil && left.postponed && !left.more:
			s.wakeRelay()
			late := fault.New(fault.ChangeUnderWay, "The change is recorded, but affects so many tokens that it takes longer than a request may. It continues by itself; the same request again waits for the rest.")
			late.RetryAfter = syncRetryAfter
			return late
		case err != nil:
			s.wakeRelay()
			return fault.Wrap(fault.StoreUnavailable, "The change is recorded, but a store does not answer. It takes effect as soon as that is back.", err)
		}
	}
}

// progress is what one transaction has done.
type progress struct {
	selectors int
	more      bool // a selector has more pages
	postponed bool // this program cannot read a selector
}

// syncSelectors takes selectors from the outbox and syncs one page of the authorizations
// that they select to Redis.
func (s *Service) syncSelectors(ctx context.Context, take func(context.Context, pgx.Tx) ([]*selector, error)) (c progress, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		c = progress{}
		taken, err := take(ctx, tx)
		if err != nil || len(taken) == 0 {
			return err
		}
		c.selectors = len(taken)
		if err := lockRolesShared(ctx, tx); err != nil {
			return err
		}
		finished := map[*selector]bool{}
		var ids []uuid.UUID
		dropped := 0
		for _, sel := range taken {
			if sel.unreadable != nil {
				if err := s.postpone(ctx, tx, sel); err != nil {
					return err
				}
				continue
			}
			left := pageSize - len(ids) - dropped
			if left <= 0 {
				break
			}
			if sel.what == selectTree {
				n, err := s.dropDeadTree(ctx, tx, sel, left)
				if err != nil {
					return err
				}
				if n > 0 {
					dropped += n
					finished[sel] = n < left
					continue
				}
			}
			some, done, err := s.next(ctx, tx, sel, left)
			if err != nil {
				return err
			}
			if err := s.dropIfEnded(ctx, sel, some); err != nil {
				return err
			}
			ids = append(ids, some...)
			finished[sel] = done
		}
		if _, err := s.sync(ctx, tx, distinct(ids), nil, s.records.Replace); err != nil {
			return err
		}
		for _, sel := range taken {
			done, begun := finished[sel]
			switch {
			case sel.unreadable != nil: // Its caller must not be told that it is done.
				c.postponed = true
			case done:
				err = s.finish(ctx, tx, sel)
			case begun:
				c.more, err = true, saveCursor(ctx, tx, sel)
			default:
				c.more = true
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return progress{}, fmt.Errorf("sync changes to Redis: %w", err)
	}
	return c, nil
}

// dropIfEnded deletes the record of a token that was ended by itself: it is not in Postgres
// any more, so that its selector selects nothing.
func (s *Service) dropIfEnded(ctx context.Context, sel *selector, selected []uuid.UUID) error {
	if sel.what != selectToken || len(selected) > 0 {
		return nil
	}
	hash, err := token.HashFrom(sel.target)
	if err != nil {
		return fmt.Errorf("read the target of a selector: %w", err)
	}
	sel.ended = true
	return s.records.Drop(ctx, hash)
}
