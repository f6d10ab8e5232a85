package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack"
	"auth.books.test/schema"
	"auth.books.test/services/auth-api/internal/cli"
	"auth.books.test/services/auth-api/internal/config"
)

// serviceRole has the rights of the service, and serviceUser is the member that serves, so
// that a missing right is noticed in development.
const serviceRole, serviceUser = "auth_service", "auth_api"

// prepare applies the schema as the owner, and returns the URL with which to serve. A Postgres
// that was given serves with the user that was given.
func prepare(ctx context.Context, c config.Config, postgres *devstack.Store) (string, error) {
	options := schema.Options{ServiceRole: string(c.AuthDBRole)}
	if postgres.Source != devstack.Given {
		options.ServiceRole = serviceRole
	}
	if _, err := schema.Current().Apply(ctx, c.PostgresURL(), options); err != nil {
		return "", cli.ExplainSchema(err)
	}
	if postgres.Source == devstack.Given {
		return postgres.URL, nil
	}
	return ensureServiceUser(ctx, postgres.URL)
}

// ensureServiceUser gives the service's user a new password at each start: nothing that
// outlives the run needs it.
func ensureServiceUser(ctx context.Context, owner string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	u, err := url.Parse(owner)
	if err != nil {
		return "", fmt.Errorf("read the URL of Postgres: %w", err)
	}
	c, err := pgx.Connect(ctx, owner)
	if err != nil {
		return "", fmt.Errorf("connect to Postgres: %w", err)
	}
	defer c.Close(context.WithoutCancel(ctx))
	password := rand.Text()
	// Every letter of the password is one of A to Z and 2 to 7.
	if _, err := c.Exec(ctx, fmt.Sprintf(`
		DO $$ BEGIN IF to_regrole('%[2]s') IS NULL THEN CREATE ROLE %[2]s; END IF; END $$;
		ALTER ROLE %[2]s LOGIN PASSWORD '%[3]s';
		GRANT %[1]s TO %[2]s;
		REVOKE CREATE ON SCHEMA public FROM PUBLIC;
		REVOKE TEMPORARY ON DATABASE %[4]s FROM PUBLIC`,
		serviceRole, serviceUser, password, pgx.Identifier{c.Config().Database}.Sanitize())); err != nil {
		return "", fmt.Errorf("make the service's user of Postgres: %w", err)
	}
	u.User = url.UserPassword(serviceUser, password)
	return u.String(), nil
}
