package authorization

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify/token"
)

const (
	// pageSize is how many authorizations are brought in line in one transaction.
	pageSize = 500
	// turns is how many selectors are looked at in one transaction.
	turns = 100
	// settleFor is how long a caller waits until Redis has heard of all.
	settleFor = 10 * time.Second
	// askAgain is when whoever was not answered in that time should ask again.
	askAgain = 5 * time.Second
)

// settle carries what a change queued, so that its caller can be told that it is so. A
// caller who leaves now does not stop it.
func (s *Service) settle(ctx context.Context, queued []uuid.UUID) error {
	if len(queued) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleFor)
	defer cancel()
	for {
		left, err := s.carry(ctx, func(ctx context.Context, tx pgx.Tx) ([]*selector, error) { return takeThese(ctx, tx, queued) })
		switch {
		case err == nil && !left.more && !left.putOff:
			return nil
		case ctx.Err() != nil || err == nil && left.putOff && !left.more:
			s.wakeRelay()
			late := fault.New(fault.ChangeUnderWay, "The change is recorded and reaches so much that it takes longer than a request may. It goes on by itself; the same request again waits for the rest.")
			late.RetryAfter = askAgain
			return late
		case err != nil:
			s.wakeRelay()
			return fault.Wrap(fault.StoreUnavailable, "The change is recorded, but a store does not answer. It takes effect as soon as that is back.", err)
		}
	}
}

// carried says what was done in one transaction.
type carried struct {
	selectors int
	more      bool // a selector that was taken has more to do
	putOff    bool // one cannot be carried by this program
}

// carry takes selectors and brings one page of what they reach in line with the truth.
func (s *Service) carry(ctx context.Context, take func(context.Context, pgx.Tx) ([]*selector, error)) (c carried, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		c = carried{}
		taken, err := take(ctx, tx)
		if err != nil || len(taken) == 0 {
			return err
		}
		c.selectors = len(taken)
		if err := holdRoles(ctx, tx); err != nil {
			return err
		}
		finished := map[*selector]bool{}
		var ids []uuid.UUID
		for _, sel := range taken {
			if sel.unreadable != nil {
				if err := s.putOff(ctx, tx, sel); err != nil {
					return err
				}
				continue
			}
			if len(ids) >= pageSize {
				break
			}
			some, done, err := s.next(ctx, tx, sel, pageSize-len(ids))
			if err != nil {
				return err
			}
			if len(some) == 0 && sel.what == selectToken {
				if err := s.forget(ctx, sel.target); err != nil {
					return err
				}
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
			case sel.unreadable != nil: // Whoever waits for it is not told that it is done.
				c.putOff = true
			case done:
				err = s.done(ctx, tx, sel)
			case begun:
				c.more, err = true, move(ctx, tx, sel)
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
		return carried{}, fmt.Errorf("carry changes to Redis: %w", err)
	}
	return c, nil
}

// forget takes away the record of a token of which Postgres knows nothing.
func (s *Service) forget(ctx context.Context, target []byte) error {
	hash, err := token.HashFrom(target)
	if err != nil {
		return errors.Join(errors.New("the target of a selector"), err)
	}
	return s.records.Drop(ctx, hash)
}
