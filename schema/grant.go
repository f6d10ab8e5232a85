package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ErrNoRole means that the role of the service does not exist, and that the user may not
// create it. Nothing was changed.
var ErrNoRole = errors.New("the role of the service does not exist")

// RoleError means that a role cannot be that of the service. Nothing was changed.
type RoleError struct{ Role, Problem string }

func (e *RoleError) Error() string {
	return fmt.Sprintf("the role %q cannot be that of the service (AUTH_DB_SERVICE_ROLE): %s", e.Role, e.Problem)
}

// grants returns the statements that give the role its rights to the tables of the desired
// state, and take every other right to them from the role and from PUBLIC. Tables of other
// programs are not touched. fresh says which tables do not exist before Apply, or are made
// anew by it.
func (d Desired) grants(ctx context.Context, tx *sql.Tx, role string, fresh func(table string) bool) (statements []string, err error) {
	if role == "" {
		return nil, nil
	}
	if left := d.withoutRights(); len(left) > 0 {
		return nil, fmt.Errorf("schema/rights.go does not say what the service may do with %s", strings.Join(left, ", "))
	}
	needed := d.Rights()
	exists, err := checkRole(ctx, tx, role, slices.Collect(maps.Keys(needed)))
	if err != nil {
		return nil, err
	}
	name := quoted(role)
	if !exists {
		statements = append(statements, "CREATE ROLE "+name+" NOLOGIN")
	}
	around, err := aroundTables(ctx, tx, role)
	if err != nil {
		return nil, err
	}
	statements = append(statements, around...)
	held, err := heldRights(ctx, tx, role)
	if err != nil {
		return nil, err
	}
	for _, table := range slices.Sorted(maps.Keys(needed)) {
		have := held[table]
		if fresh(table) {
			have = tableRights{}
		}
		statements = append(statements, have.change(live+"."+quoted(table), name, needed[table])...)
	}
	if needed[partitioned] == nil {
		return statements, nil
	}
	found, err := readPartitions(ctx, tx)
	if err != nil {
		return nil, err
	}
	found[strays] = true // It is made before this, if it is missing.
	for _, partition := range slices.Sorted(maps.Keys(found)) {
		statements = append(statements, held[partition].change(live+"."+quoted(partition), name, partitionRights(partition))...)
	}
	return statements, nil
}

// checkRole reports whether the role exists. Errors: ErrNoRole, *RoleError.
func checkRole(ctx context.Context, tx *sql.Tx, role string, tables []string) (exists bool, err error) {
	var super, attributes, owner, canCreate bool
	err = tx.QueryRowContext(ctx, `
		SELECT r.oid IS NOT NULL, coalesce(r.rolsuper, false), coalesce(r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls, false),
			coalesce(pg_has_role(r.oid, me.oid, 'MEMBER'), false) OR EXISTS (
				SELECT FROM pg_class WHERE relnamespace = to_regnamespace($2) AND relname = ANY($3::text[]) AND pg_has_role(r.oid, relowner, 'MEMBER')),
			me.rolsuper OR me.rolcreaterole
		FROM pg_roles me LEFT JOIN pg_roles r ON r.rolname = $1 WHERE me.rolname = current_user`, role, live, tables).
		Scan(&exists, &super, &attributes, &owner, &canCreate)
	switch {
	case err != nil:
		return false, fmt.Errorf("look for the role of the service: %w", err)
	case super:
		return false, &RoleError{role, "it is a superuser, who may do everything"}
	case attributes:
		return false, &RoleError{role, "it has CREATEROLE, CREATEDB, REPLICATION or BYPASSRLS: take them away"}
	case owner:
		return false, &RoleError{role, "it is the owner of the tables, or may become the owner: name another role"}
	case !exists && !canCreate:
		return false, fmt.Errorf("%w: create it as a user who may: CREATE ROLE %s NOLOGIN", ErrNoRole, quoted(role))
	}
	return exists, nil
}

// aroundTables returns what the role lacks to reach the tables at all, and takes from it what
// would let it make some of its own beside them.
func aroundTables(ctx context.Context, tx *sql.Tx, role string) (statements []string, err error) {
	var database string
	var connects, uses, creates bool
	if err := tx.QueryRowContext(ctx, reach, live, role).Scan(&database, &connects, &uses, &creates); err != nil {
		return nil, fmt.Errorf("read the rights to the database: %w", err)
	}
	name := quoted(role)
	if !connects {
		statements = append(statements, "GRANT CONNECT ON DATABASE "+quoted(database)+" TO "+name)
	}
	if !uses {
		statements = append(statements, "GRANT USAGE ON SCHEMA "+live+" TO "+name)
	}
	if creates {
		statements = append(statements, "REVOKE CREATE ON SCHEMA "+live+" FROM "+name)
	}
	return statements, nil
}

// reach says whether a role, which need not exist, may connect and use the schema, also as
// everybody may, and whether it was allowed to create tables.
const reach = `
	WITH role AS (SELECT coalesce((SELECT oid FROM pg_roles WHERE rolname = $2), 0) AS id)
	SELECT datname::text,
		EXISTS (SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) a WHERE grantee IN (0, id) AND privilege_type = 'CONNECT'),
		EXISTS (SELECT FROM aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a WHERE grantee IN (0, id) AND privilege_type = 'USAGE'),
		EXISTS (SELECT FROM aclexplode(nspacl) a WHERE grantee = id AND id <> 0 AND privilege_type = 'CREATE')
	FROM pg_database, pg_namespace, role WHERE datname = current_database() AND nspname = $1`

// tableRights are the rights that a role and PUBLIC have to a table.
type tableRights struct {
	role []string
	// more says that the role has a right to columns, or may pass on a right.
	more   bool
	public bool
}

// change returns the statements that leave the role with the needed rights, and PUBLIC with
// none.
func (r tableRights) change(table, role string, needed []string) (statements []string) {
	if r.public {
		statements = append(statements, "REVOKE ALL ON TABLE "+table+" FROM PUBLIC")
	}
	missing := slices.DeleteFunc(slices.Clone(needed), func(right string) bool { return slices.Contains(r.role, right) })
	if r.more || slices.ContainsFunc(r.role, func(right string) bool { return !slices.Contains(needed, right) }) {
		statements = append(statements, "REVOKE ALL ON TABLE "+table+" FROM "+role)
		missing = needed
	}
	if len(missing) > 0 {
		statements = append(statements, "GRANT "+strings.Join(missing, ", ")+" ON TABLE "+table+" TO "+role)
	}
	return statements
}

// heldRights are the rights that a role, which need not exist, and PUBLIC have to the tables
// of the schema.
func heldRights(ctx context.Context, tx *sql.Tx, role string) (map[string]tableRights, error) {
	rows, err := tx.QueryContext(ctx, `
		WITH role AS (SELECT coalesce((SELECT oid FROM pg_roles WHERE rolname = $2), 0) AS id),
			held AS (
				SELECT relname, a.*, false AS partial FROM pg_class, aclexplode(relacl) a WHERE relnamespace = to_regnamespace($1)
				UNION ALL
				SELECT relname, a.*, true FROM pg_class c JOIN pg_attribute t ON attrelid = c.oid, aclexplode(attacl) a WHERE relnamespace = to_regnamespace($1))
		SELECT relname::text, grantee = 0, privilege_type, partial OR is_grantable FROM held, role WHERE grantee IN (0, id) ORDER BY 1, 2, 3`, live, role)
	if err != nil {
		return nil, fmt.Errorf("read the rights to the tables: %w", err)
	}
	defer rows.Close()
	all := map[string]tableRights{}
	for rows.Next() {
		var table, right string
		var public, more bool
		if err := rows.Scan(&table, &public, &right, &more); err != nil {
			return nil, fmt.Errorf("read the rights to the tables: %w", err)
		}
		r := all[table]
		r.public = r.public || public
		if !public {
			r.role, r.more = append(r.role, right), r.more || more
		}
		all[table] = r
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the rights to the tables: %w", err)
	}
	return all, nil
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }
