package authorization

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// write is how sync writes the record of a token that is alive.
type write func(ctx context.Context, principals ...verify.Principal) error

// sync brings Redis in line with the truth about tokens of authorizations: all of them,
// or those that are named. It holds their subjects, and the caller holds the roles, so
// the truth stays true until Redis has answered. Nothing else writes over a record. It
// counts those that are alive.
func (s *Service) sync(ctx context.Context, tx pgx.Tx, authorizations []uuid.UUID, only []token.Hash, put write) (alive int, err error) {
	if len(authorizations) == 0 {
		return 0, nil
	}
	if err := holdSubjects(ctx, tx, authorizations); err != nil {
		return 0, err
	}
	principals, ended, err := s.principals(ctx, tx, authorizations, only)
	if err != nil {
		return 0, err
	}
	if err := s.records.Drop(ctx, ended...); err != nil {
		return 0, fmt.Errorf("sync tokens: %w", err)
	}
	if err := put(ctx, principals...); err != nil {
		return 0, fmt.Errorf("sync tokens: %w", err)
	}
	return len(principals), nil
}

// principals gives what the records of live tokens must say, and the tokens that are
// dead.
func (s *Service) principals(ctx context.Context, tx pgx.Tx, authorizations []uuid.UUID, only []token.Hash) (alive []verify.Principal, dead []token.Hash, err error) {
	all, err := s.truths(ctx, tx, authorizations, only)
	if err != nil {
		return nil, nil, err
	}
	var standing []truth
	for _, t := range all {
		if t.alive {
			standing = append(standing, t)
		} else {
			dead = append(dead, t.hash)
		}
	}
	if len(standing) == 0 {
		return nil, dead, nil
	}
	c, err := s.contentsOf(ctx, tx, standing)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range standing {
		if p, known := t.principal(c); known {
			alive = append(alive, p)
		} else {
			dead = append(dead, t.hash)
		}
	}
	return alive, dead, nil
}
