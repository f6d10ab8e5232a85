package resource

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/postgres"
)

// Held is a role that a subject has.
type Held struct {
	Audience, Role string
	Scopes         []string
	Since          time.Time
}

// Held lists the roles that a subject has, by API and name. Fault: store_unavailable.
func (s *Store) Held(ctx context.Context, subject uuid.UUID) (held []Held, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `
			SELECT a.audience, r.name, r.scopes, m.created_at
			FROM role_assignments m JOIN roles r ON r.id = m.role_id JOIN apis a ON a.id = r.api_id
			WHERE m.subject_id = $1 ORDER BY a.audience COLLATE "C", r.name COLLATE "C"`, subject)
		if err != nil {
			return err
		}
		held, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Held])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the roles of a subject: %w", err)
	}
	return held, nil
}
