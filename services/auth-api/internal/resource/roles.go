package resource

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// RolesOf returns the roles of a subject as audience:role, sorted; an empty list if it has
// none.
func (s *Store) RolesOf(ctx context.Context, tx pgx.Tx, subject uuid.UUID) ([]string, error) {
	rows, err := tx.Query(ctx, `
		SELECT (a.audience || ':' || r.name) COLLATE "C" AS role
		FROM role_assignments m JOIN roles r ON r.id = m.role_id JOIN apis a ON a.id = r.api_id WHERE m.subject_id = $1 ORDER BY role`, subject)
	if err != nil {
		return nil, fmt.Errorf("read the roles of a subject: %w", err)
	}
	roles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read the roles of a subject: %w", err)
	}
	if roles == nil {
		roles = []string{}
	}
	return roles, nil
}
