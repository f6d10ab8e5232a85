package schema

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	atlas "ariga.io/atlas/sql/schema"
)

// step is a statement that moves data from an older shape of the tables. Atlas changes
// tables, but not their rows.
type step struct {
	name string
	sql  string
	// of is the old table that the step reads. If it does not exist, the step is skipped.
	of string
}

func (s step) String() string { return "-- move: " + s.name + "\n" + strings.TrimSpace(s.sql) }

// move converts an older shape to the desired one. The steps before copy the old tables to
// temporary ones and drop them, Atlas creates the new tables, and the steps after fill them
// from the copies. It runs in the transaction of Apply if the database has the old shape,
// and so only once.
type move struct{ before, after []step }

// oldSessions moves from the shape in which a session had exactly one access token.
func oldSessions() move {
	backup := func(table string) step {
		return step{"copy " + table + " aside", "CREATE TEMPORARY TABLE moved_" + table + " ON COMMIT DROP AS SELECT * FROM " + live + "." + table, table}
	}
	drop := func(table string) step {
		return step{"drop the old " + table, "DROP TABLE " + live + "." + table, table}
	}
	return move{
		before: []step{
			// An older program's writes are committed before, or fail. The locks are taken in
			// its order: first accounts, then their rows.
			{"wait for whoever changes accounts and clients", "LOCK TABLE " + live + ".accounts, " + live + ".clients IN SHARE MODE", "sessions"},
			{"wait for whoever writes sessions", "LOCK TABLE " + live + ".sessions IN ACCESS EXCLUSIVE MODE", "sessions"},
			{"wait for whoever writes the queue", "LOCK TABLE " + live + ".token_syncs IN ACCESS EXCLUSIVE MODE", "token_syncs"},
			{"wait for whoever grants roles", "LOCK TABLE " + live + ".grants IN ACCESS EXCLUSIVE MODE", "grants"},
			backup("sessions"), backup("token_syncs"), backup("grants"),
			drop("sessions"), drop("token_syncs"), drop("grants"),
		},
		after: []step{
			{"accounts are subjects", `
				INSERT INTO ` + live + `.subjects (id, kind, ended_at)
				SELECT id, 'account', CASE WHEN status = 'disabled' THEN now() END FROM ` + live + `.accounts`, "sessions"},
			{"clients are subjects", `
				INSERT INTO ` + live + `.subjects (id, kind, ended_at) SELECT id, 'client', disabled_at FROM ` + live + `.clients`, "sessions"},
			{"sessions are authorizations", `
				INSERT INTO ` + live + `.authorizations (id, kind, subject_id, chain, root_id, epoch, scopes, audiences, amr, auth_time,
					created_at, used_at, written_at, idle_expires_at, expires_at, revoked_at, revoked_reason)
				SELECT id, 'session', account_id, ARRAY[id], id, 1, scopes, audiences, '{pwd}', created_at,
					created_at, seen_at, seen_at, idle_expires_at, expires_at, revoked_at, revoked_reason FROM moved_sessions`, "sessions"},
			{"each session has one token", `
				INSERT INTO ` + live + `.access_tokens (hash, authorization_id, issued_at, expires_at)
				SELECT token_hash, id, created_at, expires_at FROM moved_sessions`, "sessions"},
			{"sessions keep device and address", `
				INSERT INTO ` + live + `.sessions (id, device, ip) SELECT id, device, ip FROM moved_sessions`, "sessions"},
			{"Redis has yet to hear of what is queued", `
				INSERT INTO ` + live + `.outbox (id, selector, target, queued_at)
				SELECT gen_random_uuid(), 'token', token_hash, queued_at FROM moved_token_syncs`, "token_syncs"},
			{"grants are role assignments", `
				INSERT INTO ` + live + `.role_assignments (subject_id, role_id, created_at)
				SELECT account_id, role_id, created_at FROM moved_grants`, "grants"},
		},
	}
}

// moveFrom returns the steps that a database needs, and removes the tables that they replace
// from current. Error: *ForeignError.
func moveFrom(ctx context.Context, tx *sql.Tx, current, desired *atlas.Schema, ours record) (before, after []step, err error) {
	old, found := current.Table("sessions")
	if !found || !ours["table sessions"] || !hasColumn(old, "token_hash") || wants(desired, "sessions", "token_hash") {
		return nil, nil, nil
	}
	m := oldSessions()
	replaced := map[string]bool{}
	var problems []string
	for _, s := range m.before {
		t, there := current.Table(s.of)
		if !there || !ours["table "+s.of] {
			continue
		}
		before = append(before, s)
		if !replaced[s.of] {
			lost, err := others(ctx, tx, t, ours)
			if err != nil {
				return nil, nil, err
			}
			problems = append(problems, lost...)
		}
		replaced[s.of] = true
	}
	if len(problems) > 0 {
		return nil, nil, &ForeignError{problems, "Keep what you need of it, drop it, and apply again"}
	}
	for _, s := range m.after {
		if replaced[s.of] {
			after = append(after, s)
		}
	}
	current.Tables = slices.DeleteFunc(current.Tables, func(t *atlas.Table) bool { return replaced[t.Name] })
	return before, after, nil
}

// others lists objects of other programs that would be lost with a table that is replaced.
// It omits objects that prevent DROP TABLE, such as views: Postgres names them and nothing
// is lost.
func others(ctx context.Context, tx *sql.Tx, t *atlas.Table, ours record) (problems []string, err error) {
	lost := func(kind, name string) {
		problems = append(problems, fmt.Sprintf("the %s %s of %s.%s was not made by auth-api and would be lost: apply replaces the table", kind, name, live, t.Name))
	}
	for _, c := range t.Columns {
		if !ours[columnOf(t.Name, c.Name)] {
			lost("column", c.Name)
		}
	}
	for _, i := range t.Indexes {
		if !ours["index "+t.Name+"."+i.Name] {
			lost("index", i.Name)
		}
	}
	rows, err := tx.QueryContext(ctx, dependents, live+"."+t.Name)
	if err != nil {
		return nil, fmt.Errorf("list the objects of %s.%s: %w", live, t.Name, err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind, name string
		if err := rows.Scan(&kind, &name); err != nil {
			return nil, fmt.Errorf("list the objects of %s.%s: %w", live, t.Name, err)
		}
		if !ours[kind+" "+t.Name+"."+name] {
			lost(kind, name)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list the objects of %s.%s: %w", live, t.Name, err)
	}
	return problems, nil
}

// dependents lists what DROP TABLE drops as well, named as in a record. Atlas reads only
// some of it.
const dependents = `
	WITH t AS (SELECT to_regclass($1)::oid AS id)
	SELECT CASE contype WHEN 'c' THEN 'check' ELSE 'foreign_key' END, conname::text FROM pg_constraint, t WHERE conrelid = t.id AND contype IN ('c', 'f')
	UNION ALL SELECT 'trigger', tgname FROM pg_trigger, t WHERE tgrelid = t.id AND NOT tgisinternal
	UNION ALL SELECT 'policy', polname FROM pg_policy, t WHERE polrelid = t.id
	UNION ALL SELECT 'rule', rulename FROM pg_rewrite, t WHERE ev_class = t.id
	UNION ALL SELECT 'statistics object', stxname FROM pg_statistic_ext, t WHERE stxrelid = t.id
	UNION ALL SELECT 'membership in the publication', pubname FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid, t WHERE prrelid = t.id
	ORDER BY 1, 2`

// keysLast postpones the foreign keys and indexes of new tables until the tables are filled.
// Then Postgres checks a key with one join instead of row by row.
func keysLast(changes []atlas.Change) (first, last []atlas.Change) {
	for _, change := range changes {
		add, ok := change.(*atlas.AddTable)
		if !ok {
			first = append(first, change)
			continue
		}
		bare := *add.T
		bare.ForeignKeys, bare.Indexes = nil, nil
		first = append(first, &atlas.AddTable{T: &bare, Extra: add.Extra})
		keys := &atlas.ModifyTable{T: add.T}
		for _, i := range add.T.Indexes {
			keys.Changes = append(keys.Changes, &atlas.AddIndex{I: i})
		}
		for _, f := range add.T.ForeignKeys {
			keys.Changes = append(keys.Changes, &atlas.AddForeignKey{F: f})
		}
		if len(keys.Changes) > 0 {
			last = append(last, keys)
		}
	}
	return first, last
}

func hasColumn(t *atlas.Table, name string) bool {
	_, found := t.Column(name)
	return found
}

func wants(s *atlas.Schema, table, column string) bool {
	t, found := s.Table(table)
	return !found || hasColumn(t, column)
}

func statementsOf(steps []step) []string {
	out := make([]string, len(steps))
	for n, s := range steps {
		out[n] = s.String()
	}
	return out
}
