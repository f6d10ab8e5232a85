package authorization

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// maxListed is more sign-ins than a person can have.
const maxListed = 1000

// List returns the subject's live authorizations of a kind, with the scopes of their
// records, the newest first, at most maxListed. Fault: store_unavailable.
func (s *Service) List(ctx context.Context, subject uuid.UUID, kind Kind) (listed []Authorization, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+columns+` FROM authorizations a WHERE a.subject_id = $2 AND a.kind = $3 AND `+live+`
			ORDER BY a.created_at DESC, a.id DESC LIMIT $4`, s.now(), subject, kind, maxListed)
		if err != nil {
			return err
		}
		listed, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Authorization, error) { return scan(row) })
		if err != nil || len(listed) == 0 {
			return err
		}
		assigned, err := s.assignments.Assigned(ctx, tx, []uuid.UUID{subject})
		for n := range listed {
			a := &listed[n]
			a.Scopes, a.Audiences = assigned[subject].narrow(a.Scopes, a.Audiences)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list authorizations: %w", err)
	}
	return listed, nil
}
