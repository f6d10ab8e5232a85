package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema"
	"auth.books.test/schema/schematest"
	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

// oneConnection is appended to a URL that already has a parameter.
const oneConnection = "&pool_max_conns=1"

func openWith(t *testing.T, url string, o postgres.Options) *postgres.DB {
	t.Helper()
	var err error
	if o.Pool, err = pgxpool.ParseConfig(url); err != nil {
		t.Fatal(err)
	}
	o.Now = time.Now
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Timeout == 0 {
		o.Timeout = 3 * time.Second
	}
	db, err := postgres.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func connectTo(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func run(t *testing.T, c *pgx.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := c.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// spoil gives the database every setting that would break our SQL, and returns a URL with
// such settings as well.
func spoil(t *testing.T, direct string) (query string) {
	t.Helper()
	c := connectTo(t, direct)
	run(t, c, "CREATE SCHEMA elsewhere", "CREATE TABLE elsewhere.accounts (id int)")
	for _, setting := range []string{
		"search_path = elsewhere", "default_transaction_isolation = serializable", "statement_timeout = 77777", "lock_timeout = 1",
		"idle_in_transaction_session_timeout = 77777", "row_security = on", "DateStyle = 'SQL, DMY'", "client_encoding = LATIN1",
		"standard_conforming_strings = off", "TimeZone = 'Asia/Kathmandu'", "IntervalStyle = sql_standard", "bytea_output = escape",
	} {
		run(t, c, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET `+strings.ReplaceAll(setting, "'", "''")+`', current_database()); END $$`)
	}
	return "&search_path=elsewhere&options=-c%20search_path%3Delsewhere%20--lock-timeout%3D1&default_transaction_isolation=serializable"
}

func TestEachTransactionHasTheSettingsThatItNeeds(t *testing.T) {
	t.Parallel()
	const settings = `SELECT concat_ws('|', current_setting('search_path'), current_setting('transaction_isolation'), current_setting('statement_timeout'),
		current_setting('idle_in_transaction_session_timeout'), current_setting('lock_timeout'), current_setting('row_security'), current_setting('client_encoding'))`
	const want = "public, pg_temp|read committed|1500ms|1500ms|0|off|UTF8"
	for _, mode := range []string{"direct", "session", "transaction"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			direct := schematest.Database(t)
			query, link := spoil(t, direct), direct
			if mode != "direct" {
				link = devtest.PgBouncer(t, direct, mode)
			}
			db := openWith(t, link+query, postgres.Options{Timeout: 1500 * time.Millisecond})
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					for range 5 {
						var one, inTx string
						err := errors.Join(
							db.One(t.Context(), func(ctx context.Context, q postgres.Querier) error { return q.QueryRow(ctx, settings).Scan(&one) }),
							db.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
								_, err := tx.Exec(ctx, `SELECT FROM accounts WHERE email = $1`, "ada@books.test")
								return errors.Join(err, tx.QueryRow(ctx, settings).Scan(&inTx))
							}))
						if err != nil || one != want || inTx != want {
							t.Errorf("%v; a statement has %q, a transaction %q, want %q", err, one, inTx, want)
						}
					}
				})
			}
			all.Wait()
			if problem := db.Check(t.Context(), needs()); problem != "" {
				t.Errorf("the check says %q", problem)
			}
			if mode == "direct" {
				return
			}
			// Other users of the pooler's connections must not see our settings.
			config, err := pgx.ParseConfig(link)
			if err != nil {
				t.Fatal(err)
			}
			config.DefaultQueryExecMode = pgx.QueryExecModeExec
			for range 4 {
				other, err := pgx.ConnectConfig(t.Context(), config)
				if err != nil {
					t.Fatal(err)
				}
				var path string
				var prepared int
				err = other.QueryRow(t.Context(), "SELECT current_setting('search_path'), (SELECT count(*) FROM pg_prepared_statements)").Scan(&path, &prepared)
				if err != nil || path != "elsewhere" || prepared != 0 {
					t.Errorf("another client has search_path %q and %d prepared statements, %v", path, prepared, err)
				}
				_ = other.Close(t.Context())
			}
		})
	}
}

func TestStatementsAreStillPreparedByNameWithoutAPooler(t *testing.T) {
	t.Parallel()
	db := openWith(t, schematest.Database(t)+oneConnection, postgres.Options{})
	var prepared int
	err := db.One(t.Context(), func(ctx context.Context, q postgres.Querier) error {
		if _, err := q.Exec(ctx, `SELECT FROM accounts WHERE email = $1`, "ada@books.test"); err != nil {
			return err
		}
		return q.QueryRow(ctx, `SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT FROM accounts%'`).Scan(&prepared)
	})
	if err != nil || prepared != 1 {
		t.Errorf("%d prepared statements, %v; want 1", prepared, err)
	}
}

func TestServerEndsSlowStatements(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"direct", "transaction"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			direct := schematest.Database(t)
			link := direct
			if mode != "direct" {
				link = devtest.PgBouncer(t, direct, mode)
			}
			db := openWith(t, link, postgres.Options{Timeout: 300 * time.Millisecond})
			err := db.Tx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
				_, err := tx.Exec(ctx, "SELECT pg_sleep(60)")
				return err
			})
			if fault.CodeOf(err) != fault.StoreUnavailable {
				t.Errorf("got %v, want store_unavailable", err)
			}
			c := connectTo(t, direct)
			for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				var running int
				if err := c.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'SELECT pg_sleep%'").Scan(&running); err != nil {
					t.Fatal(err)
				}
				if running == 0 {
					break
				}
				if time.Now().After(end) {
					t.Fatal("the server still runs it")
				}
			}
		})
	}
}

func TestBrokenIdleConnectionFailsNoRequest(t *testing.T) {
	t.Parallel()
	link := schematest.Database(t)
	db, c := openWith(t, link+oneConnection, postgres.Options{}), connectTo(t, link)
	nothing := func(context.Context, pgx.Tx) error { return nil }
	for range 5 {
		if err := db.Tx(t.Context(), nothing); err != nil {
			t.Error(err)
		}
		run(t, c, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'auth-api' AND datname = current_database()")
	}
}

func TestCheckSaysWhyWritesWouldFail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, want string }{
		"rights":             {"REVOKE INSERT ON sessions FROM %r; REVOKE DELETE ON role_assignments FROM %r; REVOKE UPDATE ON sessions, role_assignments FROM %r", "lacks DELETE on role_assignments, INSERT on sessions"},
		"rights on public":   {"REVOKE USAGE ON SCHEMA public FROM PUBLIC, %r", "lacks"},
		"row level security": {"ALTER TABLE sessions ENABLE ROW LEVEL SECURITY", "row level security hides rows of sessions"},
		"somebody's column":  {"ALTER TABLE sessions ADD COLUMN tenant int NOT NULL", "sessions.tenant"},
		"read-only":          {"ALTER ROLE %r SET default_transaction_read_only = on", "read-only"},
		"nothing":            {"ALTER TABLE sessions ADD COLUMN tenant int; ALTER TABLE sessions ADD COLUMN n int GENERATED ALWAYS AS IDENTITY", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			direct := schematest.Database(t)
			link, role := limited(t, direct)
			run(t, connectTo(t, direct), strings.Split(strings.ReplaceAll(c.sql, "%r", role), "; ")...)
			got := openWith(t, link, postgres.Options{}).Check(t.Context(), needs())
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A row that a policy hides must not look like a session that does not exist.
func TestHiddenRowsAreAnErrorAndNotAbsent(t *testing.T) {
	t.Parallel()
	direct := schematest.Database(t)
	link, _ := limited(t, direct)
	run(t, connectTo(t, direct), "ALTER TABLE sessions ENABLE ROW LEVEL SECURITY")
	err := openWith(t, link, postgres.Options{}).One(t.Context(), func(ctx context.Context, q postgres.Querier) error {
		var n int
		return q.QueryRow(ctx, "SELECT count(*) FROM sessions").Scan(&n)
	})
	if fault.CodeOf(err) != fault.StoreUnavailable {
		t.Errorf("got %v, want store_unavailable", err)
	}
}

func needs() postgres.Needs {
	return postgres.Needs{Columns: schema.Current().Columns(), Rights: schema.Current().Rights()}
}

// limited makes a role that may only read and write our tables.
func limited(t *testing.T, direct string) (link, role string) {
	t.Helper()
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	role = "limited_" + strings.TrimPrefix(u.Path, "/test_")
	c := connectTo(t, direct)
	run(t, c, "CREATE ROLE "+role+" LOGIN PASSWORD 'secret'", "GRANT ALL ON ALL TABLES IN SCHEMA public TO "+role)
	t.Cleanup(func() {
		c, err := pgx.Connect(context.Background(), direct)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close(context.Background())
		if _, err := c.Exec(context.Background(), "DROP OWNED BY "+role+"; DROP ROLE "+role); err != nil {
			t.Error(err)
		}
	})
	u.User = url.UserPassword(role, "secret")
	return u.String(), role
}
