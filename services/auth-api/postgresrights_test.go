package main_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema"
	"auth.books.test/schema/schematest"
)

// separated is a Postgres in which the service has a user of its own.
func separated(t *testing.T) (owner, service string) {
	t.Helper()
	p := schematest.Process(t)
	env := settings{"AUTH_DB_URL": p.URL, "AUTH_DB_SERVICE_ROLE": "auth_service"}
	if out, err := runWith(t, env, "schema", "apply"); err != nil || !strings.Contains(out, "GRANT SELECT, INSERT ON TABLE") {
		t.Fatalf("schema apply: %v, %s", err, out)
	}
	if out, err := runWith(t, env, "schema", "apply"); err != nil || out != "The schema is current.\n" {
		t.Errorf("a second schema apply: %v, %s", err, out)
	}
	secret := rand.Text()
	sqlOn(t, p.URL, "CREATE ROLE auth_api LOGIN PASSWORD '"+secret+"' IN ROLE auth_service",
		"REVOKE CREATE ON SCHEMA public FROM PUBLIC", "REVOKE TEMPORARY ON DATABASE auth FROM PUBLIC")
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("auth_api", secret)
	return p.URL, u.String()
}

// What people and operators do needs no more than the service's user may do.
func TestServesAsAUserThatOwnsNothing(t *testing.T) {
	t.Parallel()
	_, service := separated(t)
	a := start(t, func(s settings) { s["AUTH_DB_URL"] = service })
	devtest.Eventually(t, "ready", func() bool { r := a.ready(); return r.status == 200 && r.text("status") == "ok" })
	living, _ := a.library()
	a.must("role", "revoke", email, "shop", "editor")
	if got := a.introspect(living, a.client("books")); got.status != 200 || got.body["active"] != true {
		t.Errorf("introspection: %d %s", got.status, got.raw)
	}
	a.must("account", "disable", email)
	a.want(a.me(living), 401, "invalid_token")
	a.must("account", "enable", email)
	a.livesHere("grace@books.test")
	gone, _ := a.signIn("grace@books.test", password)
	a.want(a.call("PUT", "/v1/accounts/me/password", gone, map[string]string{"current_password": password, "new_password": "another engine weaves patterns"}), 204, "")
	a.want(a.call("DELETE", "/v1/accounts/me", gone, map[string]string{"password": "another engine weaves patterns"}), 204, "")
	a.want(a.me(gone), 401, "invalid_token")
	devtest.Eventually(t, "the first rebuild is done", func() bool { return strings.HasSuffix(a.metric("auth_session_db_rebuilds_total"), " 1") })
	if out, err := a.run("schema", "apply"); err == nil {
		t.Errorf("the service's user changed the schema: %s", out)
	}
	log := a.log.String()
	for _, bad := range []string{"42501", "the auth database fails", "may change and drop its tables"} {
		if strings.Contains(log, bad) {
			t.Errorf("the log says %q:\n%s", bad, log)
		}
	}
}

func TestOwnerWhoServesIsWarnedOnce(t *testing.T) {
	t.Parallel()
	a := start(t)
	for range 3 {
		a.ready()
	}
	if n := strings.Count(a.log.String(), "may change and drop its tables"); n != 1 {
		t.Errorf("the log warns %d times, want once:\n%s", n, a.log)
	}
}

func TestServicesUserMayNotDoWhatAThiefWould(t *testing.T) {
	t.Parallel()
	owner, service := separated(t)
	c, err := pgx.Connect(t.Context(), service)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	forbidden := []string{
		"CREATE TABLE mine (id int)", "CREATE TEMPORARY TABLE mine (id int)", "CREATE SCHEMA mine", "CREATE ROLE mine", "CREATE DATABASE mine", "CREATE EXTENSION file_fdw",
		"CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"COPY accounts TO PROGRAM 'cat'", "COPY accounts TO '/tmp/accounts'", "SELECT pg_read_file('/etc/passwd')", "SELECT rolpassword FROM pg_authid",
		"ALTER SYSTEM SET log_statement = 'all'", "ALTER ROLE auth_api SUPERUSER", "ALTER ROLE auth_service CREATEROLE", "ALTER DATABASE auth SET search_path = mine",
		"SET ROLE auth", "SET SESSION AUTHORIZATION auth", "GRANT auth TO auth_api",
		"UPDATE schema_state SET fingerprint = 'mine'",
	}
	// What was recorded cannot be rewritten by way of its partitions either.
	for _, partition := range []string{"events_default", "events_" + time.Now().UTC().Format("2006_01")} {
		forbidden = append(forbidden, "DELETE FROM "+partition, "UPDATE "+partition+" SET about = ''", "INSERT INTO "+partition+" DEFAULT VALUES", "TRUNCATE "+partition,
			"ALTER TABLE events DETACH PARTITION "+partition)
	}
	rights := schema.Current().Rights()
	for table := range schema.Current().Columns() {
		forbidden = append(forbidden, "DROP TABLE "+table, "TRUNCATE "+table+" CASCADE", "ALTER TABLE "+table+" ADD mine int", "ALTER TABLE "+table+" DISABLE TRIGGER ALL",
			"CREATE INDEX ON "+table+" ((1))", "CREATE TRIGGER mine BEFORE INSERT ON "+table+" EXECUTE FUNCTION suppress_redundant_updates_trigger()", "ALTER TABLE "+table+" OWNER TO auth_api")
		for right, statement := range map[string]string{
			"DELETE": "DELETE FROM " + table, "UPDATE": "UPDATE " + table + " SET " + schema.Current().Columns()[table][0] + " = DEFAULT",
			"INSERT": "INSERT INTO " + table + " DEFAULT VALUES",
		} {
			if !strings.Contains(strings.Join(rights[table], " "), right) {
				forbidden = append(forbidden, statement)
			}
		}
	}
	for _, statement := range forbidden {
		_, err := c.Exec(t.Context(), statement)
		var refused *pgconn.PgError
		// 42501 is insufficient_privilege; CREATE TRIGGER and others of an owner say the same.
		if !errors.As(err, &refused) || refused.Code != "42501" {
			t.Errorf("%s: got %v, want a refusal", statement, err)
		}
	}
	// The refusals are of the user, not of the statements.
	sqlOn(t, owner, "SELECT rolpassword FROM pg_authid", "ALTER TABLE accounts ADD mine int", "TRUNCATE consents")
}
