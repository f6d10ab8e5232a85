package schema_test

import (
	"database/sql"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema"
)

// Accounts a (active) and b (disabled); three sessions of a: live, ended and idle; one of b.
// A deleted account has left a token in the queue.
const oldRows = `
	INSERT INTO accounts (id, email, password_hash, status) VALUES
		('00000000-0000-4000-8000-00000000000a', 'a@books.test', 'x', 'active'),
		('00000000-0000-4000-8000-00000000000b', 'b@books.test', 'x', 'disabled');
	INSERT INTO apis (id, audience, scopes) VALUES ('00000000-0000-4000-8000-0000000000a1', 'books', '{books:read}');
	INSERT INTO roles (id, api_id, name, scopes) VALUES ('00000000-0000-4000-8000-0000000000c1', '00000000-0000-4000-8000-0000000000a1', 'reader', '{books:read}');
	INSERT INTO grants (account_id, role_id, created_at) VALUES ('00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-0000000000c1', '2026-01-01Z');
	INSERT INTO clients (id, api_id, secret_hashes, disabled_at) VALUES
		('00000000-0000-4000-8000-0000000000d1', '00000000-0000-4000-8000-0000000000a1', ARRAY[sha256('x')], NULL),
		('00000000-0000-4000-8000-0000000000d2', '00000000-0000-4000-8000-0000000000a1', ARRAY[sha256('y')], '2026-01-02Z');
	INSERT INTO sessions (id, account_id, token_hash, scopes, audiences, device, ip, created_at, seen_at, idle_expires_at, expires_at, revoked_at, revoked_reason) VALUES
		('00000000-0000-7000-8000-000000000001', '00000000-0000-4000-8000-00000000000a', sha256('1'), '{account,books:read}', '{books}', 'curl', '2001:db8::7',
			'2026-01-01Z', '2026-01-02Z', '2036-01-01Z', '2036-01-03Z', NULL, ''),
		('00000000-0000-7000-8000-000000000002', '00000000-0000-4000-8000-00000000000a', sha256('2'), '{account}', '{}', '', NULL,
			'2026-01-01Z', '2026-01-01Z', '2036-01-01Z', '2036-01-03Z', '2026-01-04Z', 'signed_out'),
		('00000000-0000-7000-8000-000000000003', '00000000-0000-4000-8000-00000000000b', sha256('3'), '{account}', '{}', '', NULL,
			'2026-01-01Z', '2026-01-01Z', '2036-01-01Z', '2036-01-03Z', NULL, '');
	INSERT INTO token_syncs (token_hash, account_id, queued_at) VALUES (sha256('2'), NULL, '2026-01-04Z'), (sha256('gone'), NULL, '2026-01-05Z')`

// wantRows are queries and their results after the move.
var wantRows = map[string]string{
	`SELECT string_agg(concat_ws(' ', right(id::text, 2), kind, epoch, personal_epoch, ended_at IS NOT NULL, erasing), ', ' ORDER BY id) FROM subjects`: "0a account 1 1 f f, 0b account 1 1 t f, d1 client 1 1 f f, d2 client 1 1 t f",
	`SELECT string_agg(concat_ws(' ', right(id::text, 1), kind, right(subject_id::text, 2), client_id, parent_id, chain = ARRAY[id], root_id = id, epoch, scopes, audiences, amr,
		auth_time = created_at, created_at::date, used_at::date, written_at = used_at, idle_expires_at::date, expires_at::date, revoked_at::date, revoked_reason), ', ' ORDER BY id) FROM authorizations`: "1 session 0a t t 1 {account,books:read} {books} {pwd} t 2026-01-01 2026-01-02 t 2036-01-01 2036-01-03 , " +
		"2 session 0a t t 1 {account} {} {pwd} t 2026-01-01 2026-01-01 t 2036-01-01 2036-01-03 2026-01-04 signed_out, " +
		"3 session 0b t t 1 {account} {} {pwd} t 2026-01-01 2026-01-01 t 2036-01-01 2036-01-03 ",
	`SELECT string_agg(concat_ws(' ', right(authorization_id::text, 1), hash = sha256(right(authorization_id::text, 1)::bytea), scopes, audiences, issued_at::date, expires_at::date), ', ' ORDER BY authorization_id)
		FROM access_tokens`: "1 t 2026-01-01 2036-01-03, 2 t 2026-01-01 2036-01-03, 3 t 2026-01-01 2036-01-03",
	`SELECT string_agg(concat_ws(' ', right(id::text, 1), device, host(ip)), ', ' ORDER BY id) FROM sessions`:                                                     "1 curl 2001:db8::7, 2 , 3 ",
	`SELECT string_agg(concat_ws(' ', selector, target IN (sha256('2'), sha256('gone')), queued_at::date, cursor, done_at), ', ' ORDER BY queued_at) FROM outbox`: "token t 2026-01-04, token t 2026-01-05",
	`SELECT string_agg(concat_ws(' ', right(subject_id::text, 2), right(role_id::text, 2), created_at::date), ', ') FROM role_assignments`:                        "0a c1 2026-01-01",
	`SELECT to_regclass('token_syncs')::text || to_regclass('grants')::text`:                                                                                      "",
}

// elsewhere is what other programs may have in tables that the move does not replace.
const elsewhere = `
	CREATE TABLE invoices (id int PRIMARY KEY, account uuid REFERENCES accounts (id) ON DELETE SET NULL);
	ALTER TABLE accounts ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
	CREATE INDEX accounts_by_name ON accounts (name);
	CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
	CREATE TRIGGER tell AFTER INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION tell()`

// wantRecord checks that the record has the new objects and no dropped ones.
func wantRecord(t *testing.T, db *sql.DB) {
	t.Helper()
	var gone, made, of int
	err := db.QueryRow(`SELECT
		count(*) FILTER (WHERE o ~ '^[a-z_]+ (token_syncs|grants)|^[a-z]+ sessions.(token_hash|account_id|sessions_live)' OR o LIKE '%.number' OR o LIKE '%_by_name'),
		count(*) FILTER (WHERE o IN ('table subjects', 'table authorizations', 'table access_tokens', 'table outbox', 'table sessions', 'table role_assignments', 'column sessions.device')),
		count(*) FROM schema_state, unnest(objects) o`).Scan(&gone, &made, &of)
	if err != nil || gone != 0 || made != 7 {
		t.Errorf("the record has %d names that are not ours and %d of 7 that are, of %d, %v", gone, made, of, err)
	}
}

func oldShape(t *testing.T, file string) (db *sql.DB, url string) {
	t.Helper()
	hcl, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(hcl)
	if !strings.Contains(text, `column "objects"`) { // which apply writes today
		text = strings.Replace(text, `  column "applied_at"`, "  column \"objects\" {\n    type = sql(\"text[]\")\n    null = true\n  }\n  column \"applied_at\"", 1)
	}
	old, err := schema.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	url = devtest.Postgres(t) + "&timezone=UTC"
	apply(t, old, url)
	db = open(t, url)
	if file == "sessions_with_tokens.hcl" {
		do(t, db, "ALTER TABLE schema_state DROP COLUMN objects") // that program kept no record
	}
	return db, url
}

func oldShapes() []string {
	return []string{"sessions_with_tokens.hcl", "sessions_with_tokens_recorded.hcl"}
}

func wantMoved(t *testing.T, db *sql.DB) {
	t.Helper()
	for query, want := range wantRows {
		var got sql.NullString
		if err := db.QueryRow(query).Scan(&got); err != nil || got.String != want {
			t.Errorf("%s:\n got %q, %v\nwant %q", query, got.String, err, want)
		}
	}
}

func TestSignInsAreMoved(t *testing.T) {
	t.Parallel()
	for _, file := range oldShapes() {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			db, url := oldShape(t, file)
			do(t, db, oldRows)
			do(t, db, elsewhere)
			planned := plan(t, schema.Current(), url)
			if len(planned.Destructive) > 0 || !strings.Contains(strings.Join(planned.Statements, "\n"), "-- move: sessions are authorizations") {
				t.Errorf("planned %q, which loses %q", planned.Statements, planned.Destructive)
			}
			if done := apply(t, schema.Current(), url); !slices.Equal(done.Statements, planned.Statements) {
				t.Error("apply did something else than was planned")
			}
			wantMoved(t, db)
			wantRecord(t, db)
			do(t, db, "SELECT account FROM invoices; SELECT number FROM accounts; DROP INDEX accounts_by_name; DROP TRIGGER tell ON accounts")
			if again := apply(t, schema.Current(), url); len(again.Statements) > 0 {
				t.Errorf("a second apply did %q", again.Statements)
			}
			if s, err := schema.Current().Check(t.Context(), db); err != nil || !s.Current {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
}

func TestEmptyDatabaseOfTheOldShapeIsMoved(t *testing.T) {
	t.Parallel()
	_, url := oldShape(t, oldShapes()[0])
	apply(t, schema.Current(), url)
	if again := plan(t, schema.Current(), url); len(again.Statements) > 0 {
		t.Errorf("there is still to do: %q", again.Statements)
	}
}

// Apply changes everything or nothing.
func TestFailedMoveLeavesTheOldShape(t *testing.T) {
	t.Parallel()
	db, url := oldShape(t, oldShapes()[1])
	do(t, db, oldRows)
	do(t, db, "CREATE VIEW somebodys AS SELECT id FROM sessions")
	if _, err := schema.Current().Apply(t.Context(), url, schema.Options{}); err == nil || !strings.Contains(err.Error(), "somebodys") {
		t.Fatalf("%v, want that a view depends on the table", err)
	}
	var n int
	if err := db.QueryRow("SELECT count(token_hash) FROM sessions").Scan(&n); err != nil || n != 3 {
		t.Fatalf("%d sessions, %v", n, err)
	}
	do(t, db, "DROP VIEW somebodys")
	apply(t, schema.Current(), url)
	wantMoved(t, db)
}

func TestWhatOthersMadeInAnOldTableIsNotLost(t *testing.T) {
	t.Parallel()
	for what, made := range map[string]string{
		"column note":                          "ALTER TABLE sessions ADD COLUMN note text",
		"index by_day":                         "CREATE INDEX by_day ON grants (created_at)",
		"check short":                          "ALTER TABLE sessions ADD CONSTRAINT short CHECK (octet_length(device) < 999)",
		"foreign_key known":                    "CREATE TABLE devices (name text PRIMARY KEY); ALTER TABLE sessions ADD CONSTRAINT known FOREIGN KEY (device) REFERENCES devices (name) NOT VALID",
		"trigger tell":                         "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER tell AFTER INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION tell()",
		"policy own":                           "CREATE POLICY own ON token_syncs FOR SELECT USING (true)",
		"rule watch":                           "CREATE RULE watch AS ON DELETE TO grants DO ALSO NOTIFY watchers",
		"statistics object pair":               "CREATE STATISTICS pair ON device, ip FROM sessions",
		"membership in the publication copies": "CREATE PUBLICATION copies FOR TABLE sessions",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			db, url := oldShape(t, oldShapes()[1])
			do(t, db, oldRows)
			do(t, db, made)
			_, err := schema.Current().Apply(t.Context(), url, schema.Options{})
			if foreign := (*schema.ForeignError)(nil); !errors.As(err, &foreign) || !strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "AUTH_DB_NAME") {
				t.Fatalf("%v, want that the %s would be lost, and not the advice to begin with an empty database", err, what)
			}
			var n int
			if err := db.QueryRow("SELECT count(token_hash) FROM sessions").Scan(&n); err != nil || n != 3 {
				t.Errorf("%d sessions, %v", n, err)
			}
		})
	}
}

// An older program that still runs may be in the middle of a sign-in.
func TestMoveWaitsForAnUncommittedSignIn(t *testing.T) {
	t.Parallel()
	db, url := oldShape(t, oldShapes()[1])
	do(t, db, oldRows)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.Exec("UPDATE sessions SET device = 'late' WHERE device = 'curl'"); err != nil {
		t.Fatal(err)
	}
	if _, err := schema.Current().Apply(t.Context(), url, schema.Options{}); !errors.Is(err, schema.ErrBusy) {
		t.Fatalf("%v, want that a table is in use", err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	apply(t, schema.Current(), url)
	var n int
	if err := db.QueryRow("SELECT count(*) FROM sessions WHERE device = 'late'").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d sessions have what was written last, %v", n, err)
	}
}
