package authorization

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/postgres"
)

// maxApps is how many clients are listed: those let in last.
const maxApps = 1000

// LetIn is a client that a person has let in.
type LetIn struct {
	Client uuid.UUID
	Scopes []string
	// Since is when the person was first asked.
	Since time.Time
	// Live counts its authorizations that are alive. UsedAt is the last known use of one;
	// zero if there is none.
	Live   int
	UsedAt time.Time
}

// LetIn lists the clients that a person has let in, the newest first. Fault:
// store_unavailable.
func (s *Service) LetIn(ctx context.Context, account uuid.UUID) (listed []LetIn, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, `
			SELECT k.client_id, k.scopes, k.created_at, count(a.id), max(a.used_at)
			FROM consents k LEFT JOIN authorizations a
				ON a.subject_id = k.subject_id AND a.client_id = k.client_id AND a.kind = 'app' AND a.revoked_at IS NULL AND `+live+`
			WHERE k.subject_id = $2 AND k.withdrawn_at IS NULL
			GROUP BY k.client_id, k.scopes, k.created_at ORDER BY k.created_at DESC, k.client_id LIMIT $3`, s.now(), account, maxApps)
		if err != nil {
			return err
		}
		listed, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l LetIn, err error) {
			var used *time.Time
			err = row.Scan(&l.Client, &l.Scopes, &l.Since, &l.Live, &used)
			l.UsedAt = orZero(used)
			return l, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the apps of a person: %w", err)
	}
	return listed, nil
}

// EndApp withdraws a person's consent to a client and ends all that it gave. When it returns
// nil, its tokens are dead. Faults: session_not_found (the person has not let it in),
// store_unavailable, change_under_way.
func (s *Service) EndApp(ctx context.Context, account, client uuid.UUID) error {
	err := s.Change(ctx, Account(account), audit.Event{Verb: audit.EndApp, About: client.String()}, func(ctx context.Context, tx *Tx) error {
		return tx.EndApp(ctx, client)
	})
	if err != nil {
		return fmt.Errorf("end an app: %w", err)
	}
	return nil
}
