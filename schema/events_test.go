package schema_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema"
)

// A database of the version before events, known devices and proved addresses gets their
// tables and columns. Nothing is lost, and nobody becomes verified.
func TestDatabaseOfTheVersionBeforeEventsIsUpgraded(t *testing.T) {
	t.Parallel()
	hcl, err := os.ReadFile("testdata/before_events.hcl")
	if err != nil {
		t.Fatal(err)
	}
	before, err := schema.Parse(hcl)
	if err != nil {
		t.Fatal(err)
	}
	link := devtest.Postgres(t)
	apply(t, before, link)
	db := open(t, link)
	do(t, db, `
		INSERT INTO accounts (id, email, password_hash, password_version) SELECT gen_random_uuid(), n || '@books.test', 'a hash', n FROM generate_series(1, 50) n;
		INSERT INTO subjects (id, kind, epoch) SELECT id, 'account', password_version FROM accounts`)
	const kept = `SELECT json_build_array((SELECT json_agg(json_build_array(id, email, status, password_hash, password_version, created_at, updated_at) ORDER BY email) FROM accounts),
		(SELECT json_agg(s ORDER BY id) FROM subjects s))::text`
	read := func(query string) (text string) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), query).Scan(&text); err != nil {
			t.Fatal(err)
		}
		return text
	}
	data := read(kept)
	if p := plan(t, schema.Current(), link); len(p.Destructive) > 0 {
		t.Errorf("it would lose %v", p.Destructive)
	}
	apply(t, schema.Current(), link)
	if after := read(kept); after != data {
		t.Errorf("the data was\n%s\nand is\n%s", data, after)
	}
	if got := read(`SELECT count(*) FILTER (WHERE email_verified_at IS NULL AND misses = 0)::text FROM accounts`); got != "50" {
		t.Errorf("%s of 50 accounts are unverified and have no misses", got)
	}
	month := "events_" + time.Now().UTC().Format("2006_01")
	if got := read(`SELECT string_agg(inhrelid::regclass::text, ' ') FROM pg_inherits WHERE inhparent = 'events'::regclass`); !strings.Contains(got, month) || !strings.Contains(got, "events_default") {
		t.Errorf("events has the partitions %s", got)
	}
	if again := apply(t, schema.Current(), link); len(again.Statements) > 0 {
		t.Errorf("a second apply did %v", again.Statements)
	}
}
