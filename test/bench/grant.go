package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// grant gives the account roles of two APIs, as a typical one has.
func (st *stack) grant(ctx context.Context) error {
	c, err := pgx.Connect(ctx, st.postgres.URL)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer c.Close(ctx)
	for _, sql := range []string{
		`INSERT INTO apis (id, audience, scopes) VALUES (gen_random_uuid(), 'books', '{books:read,books:write}'), (gen_random_uuid(), 'shop', '{shop:buy}')`,
		`INSERT INTO roles (id, api_id, name, scopes) SELECT gen_random_uuid(), id, 'editor', scopes FROM apis`,
		`INSERT INTO grants (account_id, role_id) SELECT a.id, r.id FROM accounts a, roles r`,
	} {
		if _, err := c.Exec(ctx, sql); err != nil {
			return fmt.Errorf("grant roles: %w", err)
		}
	}
	return nil
}
