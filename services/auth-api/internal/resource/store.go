package resource

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

// Store reads APIs, roles and assignments in Postgres.
type Store struct{ db *postgres.DB }

// NewStore uses the database.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// Scopes are all scopes that APIs offer, sorted. Fault: store_unavailable.
func (s *Store) Scopes(ctx context.Context) ([]string, error) {
	return s.scopes(ctx, `SELECT DISTINCT unnest(scopes) COLLATE "C" AS scope FROM apis ORDER BY scope`)
}

// Offered are the scopes that these APIs offer, sorted. Fault: store_unavailable.
func (s *Store) Offered(ctx context.Context, audiences []string) ([]string, error) {
	return s.scopes(ctx, `SELECT DISTINCT unnest(scopes) COLLATE "C" AS scope FROM apis WHERE audience = ANY($1) ORDER BY scope`, audiences)
}

func (s *Store) scopes(ctx context.Context, query string, args ...any) (scopes []string, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		rows, err := db.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		scopes, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list scopes: %w", err)
	}
	return scopes, nil
}

// Assigned returns the scopes that each subject has by its roles, by audience.
func (s *Store) Assigned(ctx context.Context, tx pgx.Tx, subjects []uuid.UUID) (map[uuid.UUID]authorization.Scopes, error) {
	rows, err := tx.Query(ctx, `
		SELECT m.subject_id, a.audience, r.scopes
		FROM role_assignments m JOIN roles r ON r.id = m.role_id JOIN apis a ON a.id = r.api_id WHERE m.subject_id = ANY($1)`, subjects)
	if err != nil {
		return nil, fmt.Errorf("read role assignments: %w", err)
	}
	assigned := map[uuid.UUID]authorization.Scopes{}
	var subject uuid.UUID
	var audience string
	var scopes []string
	_, err = pgx.ForEachRow(rows, []any{&subject, &audience, &scopes}, func() error {
		if assigned[subject] == nil {
			assigned[subject] = authorization.Scopes{}
		}
		assigned[subject][audience] = append(assigned[subject][audience], scopes...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read role assignments: %w", err)
	}
	return assigned, nil
}

// RoleHolders returns up to limit subjects that have the role, in the order of their ids,
// beginning at from.
func (s *Store) RoleHolders(ctx context.Context, tx pgx.Tx, role, from uuid.UUID, limit int) ([]uuid.UUID, error) {
	return holders(tx.Query(ctx, `
		SELECT subject_id FROM role_assignments WHERE role_id = $1 AND subject_id >= $2 ORDER BY subject_id LIMIT $3`, role, from, limit))
}

// APIHolders returns up to limit subjects that have a role of the API, in the order of their
// ids, beginning at from.
func (s *Store) APIHolders(ctx context.Context, tx pgx.Tx, api, from uuid.UUID, limit int) ([]uuid.UUID, error) {
	return holders(tx.Query(ctx, `
		SELECT DISTINCT m.subject_id FROM roles r CROSS JOIN LATERAL (
			SELECT subject_id FROM role_assignments WHERE role_id = r.id AND subject_id >= $2 ORDER BY subject_id LIMIT $3) m
		WHERE r.api_id = $1 ORDER BY m.subject_id LIMIT $3`, api, from, limit))
}

func holders(rows pgx.Rows, err error) ([]uuid.UUID, error) {
	if err != nil {
		return nil, fmt.Errorf("find who has a role: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("find who has a role: %w", err)
	}
	return ids, nil
}

// Forget removes all roles of an account that is being deleted.
func (s *Store) Forget(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM role_assignments WHERE subject_id = $1`, account); err != nil {
		return fmt.Errorf("remove all roles: %w", err)
	}
	return nil
}

func assign(ctx context.Context, tx pgx.Tx, subject, role uuid.UUID) error {
	_, err := tx.Exec(ctx, `INSERT INTO role_assignments (subject_id, role_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, subject, role)
	return err
}

func unassign(ctx context.Context, tx pgx.Tx, subject, role uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM role_assignments WHERE subject_id = $1 AND role_id = $2`, subject, role)
	return err
}

func insertAPI(ctx context.Context, tx pgx.Tx, id uuid.UUID, audience string, scopes []string) error {
	tag, err := tx.Exec(ctx, `INSERT INTO apis (id, audience, name, scopes) VALUES ($1, $2, $2, $3) ON CONFLICT (audience) DO NOTHING`, id, audience, scopes)
	if err == nil && tag.RowsAffected() == 0 {
		return fault.New(fault.AlreadyExists, "There is already an API with this audience.")
	}
	return err
}

func offeredElsewhere(ctx context.Context, tx pgx.Tx, audience string, scopes []string) (taken bool, err error) {
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM apis WHERE audience <> $1 AND scopes && $2)`, audience, scopes).Scan(&taken); err != nil {
		return false, fmt.Errorf("check whether another API offers the scopes: %w", err)
	}
	return taken, nil
}

// setScopes changes the scopes of the API. All others lose their words, and are removed from
// its roles.
func setScopes(ctx context.Context, tx pgx.Tx, audience string, scopes []string) (id uuid.UUID, err error) {
	err = tx.QueryRow(ctx, `
		UPDATE apis SET scopes = $2, words = words - ARRAY(SELECT jsonb_object_keys(words) EXCEPT SELECT unnest($2::text[])) WHERE audience = $1 RETURNING id`, audience, scopes).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, audienceNotFound()
	}
	if err != nil {
		return uuid.Nil, err
	}
	_, err = tx.Exec(ctx, `UPDATE roles SET scopes = ARRAY(SELECT x FROM unnest(scopes) x WHERE x = ANY($2)) WHERE api_id = $1`, id, scopes)
	return id, err
}

// readAPI returns the id of the API, and whether it offers the scopes.
func readAPI(ctx context.Context, tx pgx.Tx, audience string, scopes []string) (id uuid.UUID, offers bool, err error) {
	err = tx.QueryRow(ctx, `SELECT id, scopes @> $2 FROM apis WHERE audience = $1`, audience, scopes).Scan(&id, &offers)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, false, audienceNotFound()
	}
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("read API: %w", err)
	}
	return id, offers, nil
}

func insertRole(ctx context.Context, tx pgx.Tx, id, api uuid.UUID, name string, scopes []string) error {
	tag, err := tx.Exec(ctx, `INSERT INTO roles (id, api_id, name, scopes) VALUES ($1, $2, $3, $4) ON CONFLICT (api_id, name) DO NOTHING`, id, api, name, scopes)
	if err == nil && tag.RowsAffected() == 0 {
		return fault.New(fault.AlreadyExists, "The API already has a role with this name.")
	}
	return err
}

func setRole(ctx context.Context, tx pgx.Tx, api uuid.UUID, name string, scopes []string) (uuid.UUID, error) {
	return role(tx.QueryRow(ctx, `UPDATE roles SET scopes = $3 WHERE api_id = $1 AND name = $2 RETURNING id`, api, name, scopes))
}

func readRole(ctx context.Context, tx pgx.Tx, api uuid.UUID, name string) (uuid.UUID, error) {
	return role(tx.QueryRow(ctx, `SELECT id FROM roles WHERE api_id = $1 AND name = $2`, api, name))
}

func role(row pgx.Row) (id uuid.UUID, err error) {
	err = row.Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, roleNotFound()
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("read role: %w", err)
	}
	return id, nil
}
