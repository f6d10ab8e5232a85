package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"auth.books.test/schema/connect"
)

// Needs are what transactions need of each table: its columns, and the rights to its rows.
type Needs struct{ Columns, Rights map[string][]string }

// Check describes why transactions would fail; the text is empty if they work. Missing tables
// and columns are not reported, since package schema does that. Check writes nothing. It warns
// once if the user may change the tables themselves.
func (d *DB) Check(ctx context.Context, needs Needs) (problem string) {
	names := pairs(needs.Columns)
	var owned bool
	err := d.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var readOnly bool
		var denied, filtered, needed []string
		err := tx.QueryRow(ctx, checkQuery, connect.Schema, slices.Sorted(maps.Keys(needs.Columns)), names, pairs(needs.Rights)).Scan(&readOnly, &owned, &denied, &filtered, &needed)
		switch {
		case err != nil:
			return fmt.Errorf("check whether writes work: %w", err)
		case readOnly:
			return connect.ErrReadOnly
		case len(denied) > 0:
			problem = "the user of the service lacks " + strings.Join(denied, ", ") + ": run auth-api schema apply as the owner, with AUTH_DB_SERVICE_ROLE, and make the user a member of that role"
		case len(filtered) > 0:
			problem = "row level security hides rows of " + strings.Join(filtered, ", ") + " from the user of the service: take the policies off, since auth-api needs every row"
		case len(needed) > 0:
			problem = "the schema has additional columns without which no row can be inserted: " + strings.Join(needed, ", ") + ": give them a default, or DROP NOT NULL"
		}
		return nil
	})
	if err != nil {
		return connect.Explain(err)
	}
	if problem != "" {
		d.problems.report(problem)
	}
	if owned {
		d.warnOwner.Do(func() {
			d.problems.log.WarnContext(ctx, "the database user of the service may change and drop its tables: "+
				"give the service a user of its own, a member of the role that schema apply was given as AUTH_DB_SERVICE_ROLE")
		})
	}
	return problem
}

// pairs lists table.name for each name of a table.
func pairs(byTable map[string][]string) (all []string) {
	for table, names := range byTable {
		for _, name := range names {
			all = append(all, table+"."+name)
		}
	}
	return all
}

const checkQuery = `
	WITH ours AS (
		SELECT c.oid, c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = ANY($2::text[]))
	SELECT current_setting('transaction_read_only')::bool,
		EXISTS (SELECT FROM ours JOIN pg_class USING (oid) WHERE pg_has_role(relowner, 'USAGE')),
		array(SELECT "right" || ' on ' || name FROM ours
			JOIN (SELECT split_part(pair, '.', 1), split_part(pair, '.', 2) FROM unnest($4::text[]) pair) needed (of_table, "right") ON of_table = name
			WHERE NOT (has_schema_privilege($1, 'USAGE') AND has_table_privilege(oid, "right")) ORDER BY name, "right"),
		array(SELECT name FROM ours WHERE row_security_active(oid) ORDER BY name),
		array(SELECT name || '.' || attname FROM ours JOIN pg_attribute ON attrelid = oid
			WHERE attnum > 0 AND NOT attisdropped AND attnotnull AND NOT atthasdef AND attidentity = ''
			AND name || '.' || attname <> ALL($3::text[]) ORDER BY 1)`

// Refused says why a new connection was refused in the last seconds, even if open ones
// still work; empty if none was.
func (d *DB) Refused() string { return d.problems.latelyRefused() }

// Misconfigured connects once, and returns an error that only a change of settings can
// solve: a certificate that is not trusted, or an encoding other than UTF-8. It is no error
// that Postgres is not up yet.
func (d *DB) Misconfigured(ctx context.Context) error {
	err := d.One(ctx, func(context.Context, Querier) error { return nil })
	if connect.IsMisconfigured(err) {
		return fmt.Errorf("connect to Postgres (AUTH_DB_URL or its parts): %s: %w", connect.Explain(err), err)
	}
	return nil
}
