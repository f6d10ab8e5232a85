package schema_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema"
	"auth.books.test/schema/schematest"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

// text is schema.hcl, for tests that change it.
func text(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("schema.hcl")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// changed is the desired state with one piece of its text replaced.
func changed(t *testing.T, old, new string) schema.Desired {
	t.Helper()
	whole := text(t)
	if strings.Count(whole, old) != 1 {
		t.Fatalf("%q stands %d times in schema.hcl, want once", old, strings.Count(whole, old))
	}
	d, err := schema.Parse([]byte(strings.Replace(whole, old, new, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func do(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func apply(t *testing.T, d schema.Desired, url string, allow ...string) schema.Plan {
	t.Helper()
	p, err := d.Apply(t.Context(), url, schema.Options{Allow: allow})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func plan(t *testing.T, d schema.Desired, url string) schema.Plan {
	t.Helper()
	p, err := d.Plan(t.Context(), url, schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAppliedAndDesiredDoNotDiffer(t *testing.T) {
	t.Parallel()
	url := devtest.Postgres(t)
	planned := plan(t, schema.Current(), url)
	if again := plan(t, schema.Current(), url); !slices.Equal(planned.Statements, again.Statements) {
		t.Error("plan changed something: a second plan differs")
	}
	applied := apply(t, schema.Current(), url)
	if len(applied.Statements) == 0 || !slices.Equal(planned.Statements, applied.Statements) {
		t.Errorf("apply did\n%s\nplan said\n%s", strings.Join(applied.Statements, "\n"), strings.Join(planned.Statements, "\n"))
	}
	if p := plan(t, schema.Current(), url); len(p.Statements) > 0 {
		t.Errorf("after apply there is still to do: %v", p.Statements)
	}
	if p := apply(t, schema.Current(), url); len(p.Statements) > 0 {
		t.Errorf("a second apply did %v", p.Statements)
	}
}

// Each change of a live database must be detected.
func TestDetectsEveryDrift(t *testing.T) {
	t.Parallel()
	for _, drift := range []string{
		"ALTER TABLE accounts DROP CONSTRAINT accounts_status, ADD CONSTRAINT accounts_status CHECK (status IN ('active'))",
		"ALTER TABLE accounts DROP CONSTRAINT accounts_name_length",
		"ALTER TABLE accounts ALTER COLUMN name DROP DEFAULT",
		"ALTER TABLE accounts ALTER COLUMN password_version TYPE integer",
		"ALTER TABLE authorizations ALTER COLUMN expires_at DROP NOT NULL",
		"ALTER TABLE sessions DROP COLUMN ip",
		"DROP INDEX accounts_email_unique",
		"DROP INDEX accounts_email_unique; CREATE UNIQUE INDEX accounts_email_unique ON accounts (email)",
		"DROP INDEX authorizations_revoked; CREATE INDEX authorizations_revoked ON authorizations (revoked_at)",
		"ALTER TABLE sessions DROP CONSTRAINT sessions_authorization",
		"ALTER TABLE sessions DROP CONSTRAINT sessions_authorization, ADD CONSTRAINT sessions_authorization FOREIGN KEY (id) REFERENCES authorizations (id)",
		"ALTER TABLE outbox DROP CONSTRAINT outbox_pkey",
		"DROP TABLE role_assignments",
	} {
		t.Run(drift, func(t *testing.T) {
			t.Parallel()
			url := schematest.Database(t)
			do(t, open(t, url), drift)
			if p := plan(t, schema.Current(), url); len(p.Statements) == 0 {
				t.Error("not detected")
			}
		})
	}
}

func TestConcurrentAppliersAgree(t *testing.T) {
	t.Parallel()
	url := devtest.Postgres(t)
	var all sync.WaitGroup
	did := make([]int, 4)
	for i := range did {
		all.Go(func() {
			p, err := schema.Current().Apply(t.Context(), url, schema.Options{})
			if err != nil {
				t.Error(err)
			}
			did[i] = len(p.Statements)
		})
	}
	all.Wait()
	slices.Sort(did)
	if did[3] == 0 || did[2] != 0 {
		t.Errorf("statements by applier: %v, want all by one", did)
	}
}

func TestGivesUpWaitingForAnotherApplier(t *testing.T) {
	t.Parallel()
	url := schematest.Database(t)
	tx, err := open(t, url).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("SELECT pg_advisory_xact_lock($1)", 0x61757468); err != nil {
		t.Fatal(err)
	}
	_, err = schema.Current().Apply(t.Context(), url, schema.Options{LockWait: 100 * time.Millisecond})
	if !errors.Is(err, schema.ErrBusy) {
		t.Errorf("while another changes the schema: %v, want ErrBusy", err)
	}
	_ = tx.Rollback()
	if _, err := schema.Current().Apply(t.Context(), url, schema.Options{LockWait: 100 * time.Millisecond}); err != nil {
		t.Errorf("once it is done: %v", err)
	}
}

func TestGivesUpOnATableInUseAndLeavesNothing(t *testing.T) {
	t.Parallel()
	url := schematest.Database(t)
	db := open(t, url)
	wider := changed(t, `table "accounts" {
  schema = schema.public
`, `table "accounts" {
  schema = schema.public
  column "phone" {
    type = text
    null = true
  }
`)
	reader, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Exec("SELECT count(*) FROM accounts"); err != nil {
		t.Fatal(err)
	}
	if _, err := wider.Apply(t.Context(), url, schema.Options{}); !errors.Is(err, schema.ErrBusy) {
		t.Errorf("while accounts is read: %v, want ErrBusy", err)
	}
	_ = reader.Rollback()
	if p := plan(t, schema.Current(), url); len(p.Statements) > 0 {
		t.Errorf("the failed apply left: %v", p.Statements)
	}
	apply(t, wider, url)
}

func TestRefusesToLoseDataUnlessAllowedByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, old, new string }{
		{"drop_column:accounts.name", "  column \"name\" {\n    type    = text\n    default = \"\"\n  }\n  column \"status\"", "  column \"status\""},
		{"change_type:accounts.password_version", "type    = bigint", "type    = integer"},
		{"drop_table:sessions", text(t)[strings.Index(text(t), "table \"sessions\""):strings.Index(text(t), "# What a person sees of a personal")], ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url := schematest.Database(t)
			whole := text(t)
			whole = strings.Replace(whole, c.old, c.new, 1)
			if c.name == "drop_column:accounts.name" {
				whole = strings.Replace(whole, "  check \"accounts_name_length\" { expr = \"octet_length(name) <= 64\" }\n", "", 1)
			}
			d, err := schema.Parse([]byte(whole))
			if err != nil {
				t.Fatal(err)
			}
			_, err = d.Apply(t.Context(), url, schema.Options{Allow: []string{"drop_column:accounts.email"}})
			var refused *schema.DestructiveError
			if !errors.As(err, &refused) || !slices.Equal(refused.Changes, []string{c.name}) {
				t.Fatalf("got %v, want a refusal of %s", err, c.name)
			}
			if !strings.Contains(err.Error(), "--allow "+c.name) {
				t.Errorf("the refusal does not say what to do: %v", err)
			}
			if p := plan(t, schema.Current(), url); len(p.Statements) > 0 {
				t.Errorf("the refused apply left %v", p.Statements)
			}
			if p := apply(t, d, url, c.name); len(p.Statements) == 0 {
				t.Error("allowed by name, and nothing was done")
			}
		})
	}
}

func TestCheckSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, sql string
		missing   []string
	}{
		{"nothing", "", nil},
		{"more than is needed", "ALTER TABLE accounts ADD COLUMN phone text; UPDATE schema_state SET fingerprint = 'newer'", nil},
		{"a column", "ALTER TABLE accounts DROP COLUMN name; UPDATE schema_state SET fingerprint = 'older'", []string{"column accounts.name"}},
		{"an index", "DROP INDEX accounts_email_unique; UPDATE schema_state SET fingerprint = 'older'", []string{"index accounts_email_unique"}},
		{"the state", "DELETE FROM schema_state", nil},
		{"tables", "DROP TABLE schema_state, role_assignments", []string{"table role_assignments", "table schema_state"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := open(t, schematest.Database(t))
			if c.sql != "" {
				do(t, db, c.sql)
			}
			got, err := schema.Current().Check(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			if got.Current != (c.missing == nil) || !slices.Equal(got.Missing, c.missing) {
				t.Errorf("got %+v, want %v missing", got, c.missing)
			}
		})
	}
	t.Run("an empty database", func(t *testing.T) {
		t.Parallel()
		got, err := schema.Current().Check(t.Context(), open(t, devtest.Postgres(t)))
		if err != nil || got.Current || !slices.Contains(got.Missing, "table accounts") {
			t.Errorf("got %+v, %v; want accounts missing", got, err)
		}
	})
	t.Run("no database", func(t *testing.T) {
		t.Parallel()
		proxy := devtest.NewProxy(t, devtest.Postgres(t))
		db := open(t, proxy.URL)
		proxy.Cut()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if got, err := schema.Current().Check(ctx, db); err == nil {
			t.Errorf("got %+v, want an error", got)
		}
	})
}

// While the schema is expanded, the old binary works with it, and the new one reports what is
// missing before.
func TestOldAndNewBinaryRunSideBySideWhileExpanding(t *testing.T) {
	t.Parallel()
	url := schematest.Database(t)
	db := open(t, url)
	old := schema.Current()
	wider := changed(t, `table "accounts" {
  schema = schema.public
`, `table "accounts" {
  schema = schema.public
  column "phone" {
    type = text
    null = true
  }
`)
	if s, err := wider.Check(t.Context(), db); err != nil || s.Current || !slices.Equal(s.Missing, []string{"column accounts.phone"}) {
		t.Errorf("the new one before the change: %+v, %v", s, err)
	}
	apply(t, wider, url)
	for name, d := range map[string]schema.Desired{"old": old, "new": wider} {
		if s, err := d.Check(t.Context(), db); err != nil || !s.Current {
			t.Errorf("the %s one after the change: %+v, %v", name, s, err)
		}
	}
	// An old pod that applies again must not drop the new column.
	var refused *schema.DestructiveError
	if _, err := old.Apply(t.Context(), url, schema.Options{}); !errors.As(err, &refused) {
		t.Errorf("the old one applies again: %v, want a refusal", err)
	}
}

func TestRefusesAnotherSchemaThanPublic(t *testing.T) {
	t.Parallel()
	for _, hcl := range []string{"", `schema "other" {}`, "schema \"public\" {}\nschema \"other\" {}", "table {"} {
		if _, err := schema.Parse([]byte(hcl)); err == nil {
			t.Errorf("read %q", hcl)
		}
	}
}
