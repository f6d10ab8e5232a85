package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

const (
	selectRegistered = `
		SELECT c.id, coalesce(a.audience, ''), c.name, c.authentication, c.keys, c.first_party, c.native, c.pkce_exempt, c.redirect_uris, c.logout_uris, c.origins,
			c.grants, c.audiences, c.id_token_algorithm, c.secret_hashes, c.created_at, c.rotated_at, c.disabled_at
		FROM clients c LEFT JOIN apis a ON a.id = c.api_id `
	// setRegistered assigns the columns that may change, of which columns returns the values.
	setRegistered = `name = $2, keys = $3, first_party = $4, native = $5, pkce_exempt = $6, redirect_uris = $7, logout_uris = $8, origins = $9, grants = $10, audiences = $11, id_token_algorithm = $12`
)

func scanRegistered(row pgx.Row) (l Listed, err error) {
	var hashes [][]byte
	var disabled *time.Time
	err = row.Scan(&l.ID, &l.Audience, &l.Name, &l.Authentication, &l.Keys, &l.FirstParty, &l.Native, &l.PKCEExempt, &l.RedirectURIs, &l.LogoutURIs, &l.Origins,
		&l.Grants, &l.Audiences, &l.IDTokenAlgorithm, &hashes, &l.CreatedAt, &l.RotatedAt, &disabled)
	if err != nil {
		return Listed{}, err
	}
	if disabled != nil {
		l.DisabledAt = *disabled
	}
	if l.Audiences == nil {
		l.Audiences = []string{} // To authorizations nil means all.
	}
	l.secrets, err = secretHashes(hashes)
	return l, err
}

// columns are the id and the values of setRegistered.
func (r Registration) columns() []any {
	return []any{r.ID, r.Name, r.Keys, r.FirstParty, r.Native, r.PKCEExempt, r.RedirectURIs, r.LogoutURIs, r.Origins, r.Grants, r.Audiences, r.IDTokenAlgorithm}
}

// App returns a client, unless it is disabled. Faults: client_not_found, store_unavailable.
func (s *Store) App(ctx context.Context, id uuid.UUID) (App, error) {
	known, err := s.find(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !known.DisabledAt.IsZero() {
		return App{}, notFound()
	}
	return known.App, err
}

// Find returns a client, enabled or not. Faults: client_not_found, store_unavailable.
func (s *Store) Find(ctx context.Context, id uuid.UUID) (Listed, error) {
	known, err := s.find(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		err = notFound()
	}
	return known, err
}

// find is Find with the error pgx.ErrNoRows.
func (s *Store) find(ctx context.Context, id uuid.UUID) (known Listed, err error) {
	err = s.db.One(ctx, func(ctx context.Context, db postgres.Querier) error {
		known, err = scanRegistered(db.QueryRow(ctx, selectRegistered+`WHERE c.id = $1`, id))
		return err
	})
	if err != nil {
		return Listed{}, fmt.Errorf("read client: %w", err)
	}
	return known, nil
}

// List returns all clients: those that introspect by their API, then the others.
func (s *Store) List(ctx context.Context) (all []Listed, err error) {
	err = s.each(ctx, selectRegistered+`ORDER BY a.audience NULLS LAST, c.created_at, c.id`, func(row pgx.CollectableRow) error {
		one, err := scanRegistered(row)
		all = append(all, one)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	return all, nil
}

// origins are those of all enabled clients.
func (s *Store) origins(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	err := s.each(ctx, `SELECT DISTINCT unnest(origins) FROM clients WHERE disabled_at IS NULL`, func(row pgx.CollectableRow) error {
		var origin string
		err := row.Scan(&origin)
		all[origin] = true
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the origins of clients: %w", err)
	}
	return all, nil
}

// lock locks the row of a client and returns it. Fault: client_not_found (unknown or
// disabled).
func lock(ctx context.Context, tx pgx.Tx, id uuid.UUID) (Registration, error) {
	known, err := scanRegistered(tx.QueryRow(ctx, selectRegistered+`WHERE c.id = $1 FOR UPDATE OF c`, id))
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !known.DisabledAt.IsZero() {
		return Registration{}, notFound()
	}
	if err != nil {
		return Registration{}, fmt.Errorf("lock client: %w", err)
	}
	return known.Registration, nil
}

func (s *Store) insert(ctx context.Context, record recordAct, r Registration, secrets [][]byte, now time.Time) error {
	return s.db.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := checkAPIs(ctx, tx, r); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO clients (id, name, keys, first_party, native, pkce_exempt, redirect_uris, logout_uris, origins, grants, audiences, id_token_algorithm,
				authentication, secret_hashes, created_at, rotated_at, api_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, (SELECT id FROM apis WHERE audience = $16))`,
			append(r.columns(), r.Authentication, secrets, now, r.Audience)...)
		if err != nil {
			return err
		}
		return record(ctx, tx)
	})
}

// update writes what may change.
func update(ctx context.Context, tx pgx.Tx, r Registration) error {
	if err := checkAPIs(ctx, tx, r); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE clients SET `+setRegistered+` WHERE id = $1`, r.columns()...)
	return err
}

// checkAPIs checks that the APIs of a client exist. None is ever deleted. Fault:
// api_not_found.
func checkAPIs(ctx context.Context, tx pgx.Tx, r Registration) error {
	wanted := r.Audiences
	if r.Audience != "" {
		wanted = append([]string{r.Audience}, wanted...)
	}
	var all bool
	if err := tx.QueryRow(ctx, `SELECT NOT EXISTS (SELECT unnest($1::text[]) EXCEPT SELECT audience FROM apis)`, wanted).Scan(&all); err != nil {
		return fmt.Errorf("look for APIs: %w", err)
	}
	if !all {
		return fault.New(fault.APINotFound, "There is no API with this audience.")
	}
	return nil
}
