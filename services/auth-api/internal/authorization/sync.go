package authorization

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// write writes the records of live tokens.
type write func(ctx context.Context, principals ...verify.Principal) error

// sync brings the records of the authorizations' tokens, or of only these, in line with
// Postgres. It locks their subjects, and the caller has locked roles, so that the state
// does not change before Redis has answered. Nothing else overwrites a record. It returns
// how many tokens are alive.
func (s *Service) sync(ctx context.Context, tx pgx.Tx, authorizations []uuid.UUID, only []token.Hash, put write) (alive int, err error) {
	if len(authorizations) == 0 {
		return 0, nil
	}
	if err := lockSubjectsShared(ctx, tx, authorizations); err != nil {
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

// principals returns the contents of the live tokens' records, and the dead tokens.
func (s *Service) principals(ctx context.Context, tx pgx.Tx, authorizations []uuid.UUID, only []token.Hash) (alive []verify.Principal, dead []token.Hash, err error) {
	all, err := s.tokenStates(ctx, tx, authorizations, only)
	if err != nil {
		return nil, nil, err
	}
	var standing []tokenState
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
	c, err := s.subjectDataOf(ctx, tx, standing)
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
