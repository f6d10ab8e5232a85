package schema_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema"
	"auth.books.test/schema/schematest"
)

// newRole makes a role with attributes, which exists until the end of the test. Roles belong
// to the whole server, so that its name is one of this test's database.
func newRole(t *testing.T, link, attributes string) string {
	t.Helper()
	name := roleOf(t, link)
	do(t, open(t, link), "CREATE ROLE "+name+" "+attributes)
	return name
}

// roleOf is the name of a role that the test may have made, and that ends with it.
func roleOf(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	name := "role_" + strings.TrimPrefix(u.Path, "/test_")
	t.Cleanup(func() {
		db, err := sql.Open("pgx", link)
		if err != nil {
			t.Error(err)
			return
		}
		defer db.Close()
		if _, err := db.ExecContext(context.Background(), fmt.Sprintf(
			"DO $$ BEGIN IF to_regrole('%[1]s') IS NOT NULL THEN REASSIGN OWNED BY %[1]s TO CURRENT_USER; DROP OWNED BY %[1]s CASCADE; DROP ROLE %[1]s; END IF; END $$", name)); err != nil {
			t.Error(err)
		}
	})
	return name
}

func applyFor(t *testing.T, role, link string) []string {
	t.Helper()
	p, err := schema.Current().Apply(t.Context(), link, schema.Options{ServiceRole: role})
	if err != nil {
		t.Fatal(err)
	}
	return p.Statements
}

// granted are the rights to tables that Postgres says a role has, by table.
func granted(t *testing.T, db *sql.DB, role string) map[string][]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE table_schema = 'public' AND grantee = $1", role)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	all := map[string][]string{}
	for rows.Next() {
		var table, right string
		if err := rows.Scan(&table, &right); err != nil {
			t.Fatal(err)
		}
		all[table] = append(all[table], right)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func wantRights(t *testing.T, db *sql.DB, role string) {
	t.Helper()
	got, want := granted(t, db, role), schema.Current().Rights()
	// Of the partitions, which are no tables of schema.hcl, it may read one.
	if !slices.Equal(got["events_default"], []string{"SELECT"}) {
		t.Errorf("events_default: Postgres grants %v", got["events_default"])
	}
	delete(got, "events_default")
	for table := range schema.Current().Columns() {
		slices.Sort(got[table])
		slices.Sort(want[table])
		if !slices.Equal(got[table], want[table]) {
			t.Errorf("%s: Postgres grants %v, the list says %v", table, got[table], want[table])
		}
	}
	if len(got) != len(want) {
		t.Errorf("Postgres grants rights to %d tables, the list has %d", len(got), len(want))
	}
}

func TestEveryTableSaysWhatTheServiceMayDo(t *testing.T) {
	t.Parallel()
	needed := schema.Current().Rights()
	for table := range schema.Current().Columns() {
		if !slices.Contains(needed[table], "SELECT") {
			t.Errorf("rights.go says nothing of the table %s", table)
		}
	}
	more := changed(t, `schema "public" {}`, `schema "public" {}
table "forgotten" {
  schema = schema.public
  column "id" { type = uuid }
}`)
	link := devtest.Postgres(t)
	_, err := more.Apply(t.Context(), link, schema.Options{ServiceRole: roleOf(t, link)})
	if err == nil || !strings.Contains(err.Error(), "forgotten") {
		t.Errorf("applied a table of which nobody said what the service may do: %v", err)
	}
}

func TestRoleOfTheServiceGetsItsRightsOnce(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T) (link, role string){
		"in an empty database, the role is created": func(t *testing.T) (string, string) {
			link := devtest.Postgres(t)
			return link, roleOf(t, link)
		},
		"in an empty database": func(t *testing.T) (string, string) {
			link := devtest.Postgres(t)
			return link, newRole(t, link, "NOLOGIN")
		},
		"where one user did everything": func(t *testing.T) (string, string) {
			link := schematest.Database(t)
			return link, newRole(t, link, "NOLOGIN")
		},
		"where the role had every right": func(t *testing.T) (string, string) {
			link := schematest.Database(t)
			role := newRole(t, link, "LOGIN")
			do(t, open(t, link), "GRANT ALL ON ALL TABLES IN SCHEMA public TO "+role+" WITH GRANT OPTION; GRANT CREATE ON SCHEMA public TO "+role)
			return link, role
		},
		"where everybody had rights": func(t *testing.T) (string, string) {
			link := schematest.Database(t)
			do(t, open(t, link), "GRANT SELECT, TRUNCATE ON accounts, subjects TO PUBLIC; GRANT UPDATE (name) ON accounts TO PUBLIC")
			return link, newRole(t, link, "NOLOGIN")
		},
		"where the role may change a column": func(t *testing.T) (string, string) {
			link := schematest.Database(t)
			role := newRole(t, link, "NOLOGIN")
			do(t, open(t, link), "GRANT UPDATE (fingerprint) ON schema_state TO "+role)
			return link, role
		},
		"where new tables are everybody's": func(t *testing.T) (string, string) {
			link := devtest.Postgres(t)
			role := newRole(t, link, "NOLOGIN")
			do(t, open(t, link), "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC, "+role)
			return link, role
		},
		"where a stranger may not even connect": func(t *testing.T) (string, string) {
			link := devtest.Postgres(t)
			do(t, open(t, link), "DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()); END $$; REVOKE ALL ON SCHEMA public FROM PUBLIC")
			return link, newRole(t, link, "NOLOGIN")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			link, role := prepare(t)
			db := open(t, link)
			planned, err := schema.Current().Plan(t.Context(), link, schema.Options{ServiceRole: role})
			if err != nil {
				t.Fatal(err)
			}
			done := applyFor(t, role, link)
			if len(done) == 0 || !slices.Equal(done[:len(planned.Statements)], planned.Statements) {
				t.Errorf("apply did\n%s\nplan said\n%s", strings.Join(done, "\n"), strings.Join(planned.Statements, "\n"))
			}
			wantRights(t, db, role)
			if public := granted(t, db, "PUBLIC"); len(public) > 0 {
				t.Errorf("everybody has the rights %v", public)
			}
			var columns int
			var connects, uses, creates bool
			if err := db.QueryRowContext(t.Context(), `
				SELECT count(*) FILTER (WHERE attacl IS NOT NULL AND attacl <> '{}'), has_database_privilege($1, current_database(), 'CONNECT'),
					has_schema_privilege($1, 'public', 'USAGE'), has_schema_privilege($1, 'public', 'CREATE')
				FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'public'::regnamespace`, role).Scan(&columns, &connects, &uses, &creates); err != nil {
				t.Fatal(err)
			}
			if columns > 0 || !connects || !uses || creates {
				t.Errorf("%d columns have rights of their own; connects %v, uses the schema %v, creates in it %v", columns, connects, uses, creates)
			}
			if again := applyFor(t, role, link); len(again) > 0 {
				t.Errorf("a second apply did %v", again)
			}
		})
	}
}

func TestNobodysRightsChangeWithoutARole(t *testing.T) {
	t.Parallel()
	link := schematest.Database(t)
	role := newRole(t, link, "NOLOGIN")
	do(t, open(t, link), "GRANT TRUNCATE ON accounts TO PUBLIC, "+role)
	if p := apply(t, schema.Current(), link); len(p.Statements) > 0 {
		t.Errorf("did %v", p.Statements)
	}
}

func TestTablesOfOthersKeepTheirRights(t *testing.T) {
	t.Parallel()
	link := schematest.Database(t)
	role, db := newRole(t, link, "NOLOGIN"), open(t, link)
	do(t, db, others+"; GRANT ALL ON invoices TO PUBLIC, "+role)
	for _, statement := range applyFor(t, role, link) {
		if strings.Contains(statement, "invoices") {
			t.Errorf("did %s", statement)
		}
	}
	var theirs bool
	if err := db.QueryRowContext(t.Context(), "SELECT has_table_privilege($1, 'invoices', 'TRUNCATE')", role).Scan(&theirs); err != nil || !theirs {
		t.Errorf("%v; the rights of others are gone", err)
	}
}

func TestRoleThatMayDoMoreIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ attributes, more, says string }{
		"a superuser":      {"SUPERUSER", "", "superuser"},
		"makes roles":      {"CREATEROLE", "", "CREATEROLE"},
		"passes policies":  {"BYPASSRLS", "", "BYPASSRLS"},
		"owns a table":     {"NOLOGIN", "ALTER TABLE accounts OWNER TO %s", "owner"},
		"becomes an owner": {"NOLOGIN", "CREATE ROLE %[1]s_owner; GRANT %[1]s_owner TO %[1]s; ALTER TABLE outbox OWNER TO %[1]s_owner", "owner"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			link := schematest.Database(t)
			db := open(t, link)
			if strings.Contains(c.more, "_owner") {
				t.Cleanup(func() {
					db, err := sql.Open("pgx", link)
					if err == nil {
						_, err = db.ExecContext(context.Background(), fmt.Sprintf("DROP OWNED BY %[1]s_owner CASCADE; DROP ROLE %[1]s_owner", "role_"+strings.TrimPrefix(must(url.Parse(link)).Path, "/test_")))
						_ = db.Close()
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			role := newRole(t, link, c.attributes)
			if c.more != "" {
				do(t, db, fmt.Sprintf(c.more, role))
			}
			_, err := schema.Current().Apply(t.Context(), link, schema.Options{ServiceRole: role})
			var refused *schema.RoleError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a refusal that says %q", err, c.says)
			}
		})
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// An owner that may create no roles, as in a cluster, waits until somebody has made it.
func TestOwnerWithoutRightsToRolesWantsTheRoleMade(t *testing.T) {
	t.Parallel()
	link := devtest.Postgres(t)
	owner := newRole(t, link, "LOGIN PASSWORD 'secret'")
	do(t, open(t, link), fmt.Sprintf("DO $$ BEGIN EXECUTE format('ALTER DATABASE %%I OWNER TO %s', current_database()); END $$; ALTER SCHEMA public OWNER TO %[1]s", owner))
	u := must(url.Parse(link))
	u.User = url.UserPassword(owner, "secret")
	service := owner + "_service"
	_, err := schema.Current().Apply(t.Context(), u.String(), schema.Options{ServiceRole: service})
	if !errors.Is(err, schema.ErrNoRole) || !strings.Contains(err.Error(), "CREATE ROLE") {
		t.Errorf("got %v, want ErrNoRole", err)
	}
	do(t, open(t, link), "CREATE ROLE "+service)
	t.Cleanup(func() {
		db, err := sql.Open("pgx", link)
		if err == nil {
			_, err = db.ExecContext(context.Background(), "DROP OWNED BY "+service+"; DROP ROLE "+service)
			_ = db.Close()
		}
		if err != nil {
			t.Error(err)
		}
	})
	applyFor(t, service, u.String())
	wantRights(t, open(t, link), service)
	if again := applyFor(t, service, u.String()); len(again) > 0 {
		t.Errorf("a second apply did %v", again)
	}
}
