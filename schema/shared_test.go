package schema_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema"
	"auth.books.test/schema/connect"
	"auth.books.test/schema/schematest"
)

// others is what another program may have in the same database.
const others = `
	CREATE TABLE invoices (id int PRIMARY KEY, account uuid REFERENCES accounts (id) ON DELETE SET NULL);
	CREATE TYPE mood AS ENUM ('glad', 'sad');
	CREATE TABLE diary (day date, mood mood, during tsrange) PARTITION BY RANGE (day);
	CREATE SEQUENCE numbers;
	CREATE VIEW people AS SELECT id, email FROM accounts;
	CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM accounts;
	CREATE FUNCTION answer() RETURNS int LANGUAGE sql AS 'SELECT 42';
	CREATE SCHEMA shop;
	CREATE TABLE shop.sessions (id int);
	CREATE TABLE schema_draft (id int);
	CREATE SCHEMA schema_draft;
	ALTER TABLE sessions ADD COLUMN note text;
	ALTER TABLE accounts ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
	CREATE INDEX accounts_by_name ON accounts (name);
	ALTER TABLE accounts ADD CONSTRAINT accounts_of_others CHECK (name <> 'root');
	ALTER TABLE clients ADD CONSTRAINT clients_of_others FOREIGN KEY (id) REFERENCES accounts (id) DEFERRABLE INITIALLY DEFERRED;
	INSERT INTO invoices VALUES (1, NULL)`

func TestObjectsOfOthersAreNotTouched(t *testing.T) {
	t.Parallel()
	url := schematest.Database(t)
	db := open(t, url)
	do(t, db, others)
	if p := plan(t, schema.Current(), url); len(p.Statements)+len(p.Destructive) > 0 {
		t.Errorf("planned %v, destructive %v; want nothing", p.Statements, p.Destructive)
	}
	// Our own changes work beside them.
	wider := changed(t, "  column \"ip\" {", "  column \"kind\" {\n    type = text\n    null = true\n  }\n  column \"ip\" {")
	if p := apply(t, wider, url); len(p.Statements) != 1 || len(p.Destructive) > 0 {
		t.Errorf("did %v, destructive %v; want one statement", p.Statements, p.Destructive)
	}
	do(t, db, "SELECT id, account FROM invoices; SELECT note FROM sessions; SELECT number FROM accounts; DROP INDEX accounts_by_name; ALTER TABLE accounts DROP CONSTRAINT accounts_of_others; ALTER TABLE clients DROP CONSTRAINT clients_of_others; DROP TABLE shop.sessions; DROP SCHEMA schema_draft")
}

func TestAnotherProgramsTableOfOurNameIsRefusedAndNotTouched(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, table, named string }{
		"its sessions":             {"CREATE TABLE sessions (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp)", "sessions", "public.sessions"},
		"its accounts, no columns": {"CREATE TABLE accounts ()", "accounts", "public.accounts"},
		"its own schema_state":     {"CREATE TABLE schema_state (version int)", "schema_state", "public.schema_state"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := devtest.Postgres(t)
			db := open(t, url)
			do(t, db, c.sql)
			_, err := schema.Current().Apply(t.Context(), url, schema.Options{Allow: []string{"drop_table:" + c.table, "drop_column:sessions.sess", "drop_column:sessions.sid", "other"}})
			var refused *schema.ForeignError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.named) || !strings.Contains(err.Error(), "AUTH_DB_NAME") || strings.Contains(err.Error(), "--allow") {
				t.Fatalf("got %v, want a refusal that names %s", err, c.named)
			}
			do(t, db, "DROP TABLE "+c.table) // It still exists, and nothing depends on it.
			apply(t, schema.Current(), url)
		})
	}
}

func TestColumnOfOthersThatStopsInsertsIsNamed(t *testing.T) {
	t.Parallel()
	url := schematest.Database(t)
	do(t, open(t, url), "ALTER TABLE sessions ADD COLUMN tenant int NOT NULL")
	_, err := schema.Current().Apply(t.Context(), url, schema.Options{})
	if err == nil || !strings.Contains(err.Error(), "public.sessions.tenant") || strings.Contains(err.Error(), "--allow") {
		t.Errorf("got %v, want a refusal that names the column", err)
	}
}

// Objects of earlier versions of the schema are still ours, even in a database from before
// there were records.
func TestObjectsOfEarlierVersionsCanBeDropped(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{
		"with a record":   "SELECT 1",
		"without records": "ALTER TABLE schema_state DROP COLUMN objects",
		"with a lost row": "DELETE FROM schema_state",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := schematest.Database(t)
			do(t, open(t, url), before)
			narrower := changed(t, "  index \"clients_api\" { columns = [column.api_id] }\n", "")
			if p := plan(t, narrower, url); !strings.Contains(strings.Join(p.Statements, "\n"), `DROP INDEX "public"."clients_api"`) {
				t.Errorf("planned %v, want our index dropped", p.Statements)
			}
			apply(t, schema.Current(), url)
			if p := plan(t, schema.Current(), url); len(p.Statements) > 0 {
				t.Errorf("after apply there is still to do: %v", p.Statements)
			}
		})
	}
	t.Run("of the version before", func(t *testing.T) {
		t.Parallel()
		url := schematest.Database(t)
		db := open(t, url)
		do(t, db, "DROP INDEX accounts_email_unique; CREATE UNIQUE INDEX accounts_email_key ON accounts (lower(email)); ALTER TABLE schema_state DROP COLUMN objects; UPDATE schema_state SET fingerprint = 'older'")
		if s, err := schema.Current().Check(t.Context(), db); err != nil || s.Current {
			t.Errorf("before apply: %+v, %v; want something missing", s, err)
		}
		apply(t, schema.Current(), url)
		do(t, db, "CREATE INDEX accounts_email_key ON accounts (status)") // The old one is gone.
	})
	t.Run("restored without the record", func(t *testing.T) {
		t.Parallel()
		url := schematest.Database(t)
		do(t, open(t, url), "DROP TABLE schema_state")
		apply(t, schema.Current(), url)
	})
}

func TestSettingsOfTheRoleAndTheDatabaseDoNotMatter(t *testing.T) {
	t.Parallel()
	url := devtest.Postgres(t)
	db := open(t, url)
	do(t, db, `CREATE SCHEMA elsewhere; DO $$ BEGIN
		EXECUTE format('ALTER DATABASE %I SET search_path = elsewhere', current_database());
		EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database());
		EXECUTE format('ALTER DATABASE %I SET statement_timeout = 200', current_database());
		EXECUTE format('ALTER DATABASE %I SET idle_in_transaction_session_timeout = 1000', current_database());
		EXECUTE format('ALTER DATABASE %I SET lock_timeout = 1', current_database());
		EXECUTE format('ALTER DATABASE %I SET DateStyle = ''SQL, DMY''', current_database());
		EXECUTE format('ALTER DATABASE %I SET client_encoding = LATIN1', current_database());
		EXECUTE format('ALTER DATABASE %I SET standard_conforming_strings = off', current_database());
	END $$`)
	url += "&search_path=elsewhere&options=-c%20search_path%3Delsewhere&timezone=Asia/Kathmandu"
	// The first apply waits for a lock, for longer than the database's statement_timeout.
	other, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec("SELECT pg_advisory_xact_lock($1)", 0x61757468); err != nil {
		t.Fatal(err)
	}
	release := time.AfterFunc(500*time.Millisecond, func() { _ = other.Rollback() })
	defer release.Stop()
	if p := apply(t, schema.Current(), url); len(p.Statements) == 0 {
		t.Error("nothing was done")
	}
	if p := apply(t, schema.Current(), url); len(p.Statements) > 0 {
		t.Errorf("a second apply did %v", p.Statements)
	}
}

func TestApplyWorksThroughAPooler(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"session", "transaction"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			direct := devtest.Postgres(t)
			url := devtest.PgBouncer(t, direct, mode)
			for i := range 3 {
				if p := apply(t, schema.Current(), url+"&search_path=public&statement_timeout=1000"); (len(p.Statements) > 0) != (i == 0) {
					t.Errorf("apply number %d did %v", i+1, p.Statements)
				}
			}
			if p := plan(t, schema.Current(), direct); len(p.Statements) > 0 {
				t.Errorf("connected directly, there is still to do: %v", p.Statements)
			}
		})
	}
}

func TestReadOnlyDatabasesAndWrongEncodingsAreReported(t *testing.T) {
	t.Parallel()
	url := schematest.Database(t)
	do(t, open(t, url), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$`)
	if _, err := schema.Current().Apply(t.Context(), url, schema.Options{}); !connect.IsReadOnly(err) || !connect.IsTransient(err) {
		t.Errorf("got %v, want that it is read-only", err)
	}
	admin := open(t, devtest.Postgres(t))
	for _, encoding := range []string{"SQL_ASCII", "LATIN1"} {
		name := "encoded_" + strings.ToLower(encoding)
		do(t, admin, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING '"+encoding+"' LOCALE 'C'")
		t.Cleanup(func() { _, _ = admin.Exec("DROP DATABASE " + name + " WITH (FORCE)") })
		_, err := schema.Current().Apply(t.Context(), withDatabase(t, url, name), schema.Options{})
		if !connect.IsMisconfigured(err) || !strings.Contains(err.Error(), encoding) || !strings.Contains(err.Error(), "UTF8") {
			t.Errorf("%s: got %v, want that it must be UTF8", encoding, err)
		}
	}
}

func withDatabase(t *testing.T, rawURL, name string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
