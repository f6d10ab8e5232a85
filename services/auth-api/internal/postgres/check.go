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

// Check describes why transactions would fail; the text is empty if they work. columns are
// the columns that we write, by table. Missing tables and columns are not reported, since
// package schema does that. Check writes nothing.
func (d *DB) Check(ctx context.Context, columns map[string][]string) (problem string) {
	var names []string
	for table, of := range columns {
		for _, column := range of {
			names = append(names, table+"."+column)
		}
	}
	err := d.Tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var readOnly bool
		var denied, filtered, needed []string
		err := tx.QueryRow(ctx, checkQuery, connect.Schema, slices.Sorted(maps.Keys(columns)), names).Scan(&readOnly, &denied, &filtered, &needed)
		switch {
		case err != nil:
			return fmt.Errorf("check whether writes work: %w", err)
		case readOnly:
			return connect.ErrReadOnly
		case len(denied) > 0:
			problem = "the role lacks SELECT, INSERT, UPDATE or DELETE on " + strings.Join(denied, ", ") + ": grant them, or make it the owner"
		case len(filtered) > 0:
			problem = "row level security hides rows of " + strings.Join(filtered, ", ") + " from the role: make it the owner, or give it BYPASSRLS"
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
	return problem
}

const checkQuery = `
	WITH ours AS (
		SELECT c.oid, c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = ANY($2::text[]))
	SELECT current_setting('transaction_read_only')::bool,
		array(SELECT name FROM ours WHERE NOT (has_schema_privilege($1, 'USAGE')
			AND has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
			AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')) ORDER BY name),
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
