package authorization

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// maxListed is more than a person has sign-ins.
const maxListed = 1000

// List gives the subject's live authorizations of a kind as their records say, the
// newest first, at most maxListed. Fault: store_unavailable.
func (s *Service) List(ctx context.Context, subject uuid.UUID, kind Kind) (listed []Authorization, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT a.id, a.kind, a.subject_id, a.client_id, a.root_id, a.scopes, a.audiences, a.amr, a.auth_time, a.created_at, a.used_at, a.idle_expires_at, a.expires_at
			FROM authorizations a WHERE a.subject_id = $2 AND a.kind = $3 AND `+live+`
			ORDER BY a.created_at DESC, a.id DESC LIMIT $4`, s.now(), subject, kind, maxListed)
		if err != nil {
			return err
		}
		listed, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Authorization, err error) {
			var client *uuid.UUID
			var authenticated, idle *time.Time
			err = row.Scan(&a.ID, &a.Kind, &a.Subject, &client, &a.Root, &a.Scopes, &a.Audiences, &a.AuthenticatedBy, &authenticated,
				&a.CreatedAt, &a.UsedAt, &idle, &a.ExpiresAt)
			a.Client, a.AuthenticatedAt, a.IdleExpiresAt = orZero(client), orZero(authenticated), orZero(idle)
			return a, err
		})
		if err != nil || len(listed) == 0 {
			return err
		}
		assigned, err := s.assignments.Assigned(ctx, tx, []uuid.UUID{subject})
		for n := range listed {
			a := &listed[n]
			a.Scopes, a.Audiences = assigned[subject].still(a.Scopes, a.Audiences)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list authorizations: %w", err)
	}
	return listed, nil
}
