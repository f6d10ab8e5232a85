package schema

import (
	"fmt"
	"slices"
	"strings"

	atlas "ariga.io/atlas/sql/schema"
)

// step is a statement that moves data from an older shape of the tables. Atlas changes
// tables and knows nothing of what is in them.
type step struct {
	name string
	sql  string
	// of is the old table that the step reads; without it there is nothing to do.
	of string
}

func (s step) String() string { return "-- move: " + s.name + "\n" + strings.TrimSpace(s.sql) }

// move is what stands between an older shape and the desired one: the old tables are
// copied aside and dropped, Atlas makes those of today, which are filled from the copies.
// It runs in the transaction of apply, only where the old shape is, and so only once.
type move struct{ before, after []step }

// oldSessions is the shape in which a session was its one access token.
func oldSessions() move {
	aside := func(table string) step {
		return step{"copy " + table + " aside", "CREATE TEMPORARY TABLE moved_" + table + " ON COMMIT DROP AS SELECT * FROM " + live + "." + table, table}
	}
	drop := func(table string) step {
		return step{"drop the old " + table, "DROP TABLE " + live + "." + table, table}
	}
	return move{
		before: []step{
			// What an older program still writes is there before, or is refused.
			{"wait for whoever writes sessions", "LOCK TABLE " + live + ".sessions IN ACCESS EXCLUSIVE MODE", "sessions"},
			{"wait for whoever writes the queue", "LOCK TABLE " + live + ".token_syncs IN ACCESS EXCLUSIVE MODE", "token_syncs"},
			{"wait for whoever grants roles", "LOCK TABLE " + live + ".grants IN ACCESS EXCLUSIVE MODE", "grants"},
			aside("sessions"), aside("token_syncs"), aside("grants"),
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

// moveFrom gives the move that a database needs, and takes the tables that it replaces
// out of current: they will be gone. Error: *ForeignError.
func moveFrom(current, desired *atlas.Schema, ours record) (before, after []step, err error) {
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
			problems = append(problems, others(t, ours)...)
		}
		replaced[s.of] = true
	}
	if len(problems) > 0 {
		return nil, nil, &ForeignError{problems}
	}
	for _, s := range m.after {
		if replaced[s.of] {
			after = append(after, s)
		}
	}
	current.Tables = slices.DeleteFunc(current.Tables, func(t *atlas.Table) bool { return replaced[t.Name] })
	return before, after, nil
}

// others tells what somebody else made in a table that is to be replaced: it would be
// lost.
func others(t *atlas.Table, ours record) (problems []string) {
	const what = "the %s %s of %s.%s was not made by auth-api and would be lost: apply replaces the table. Keep a copy of it elsewhere, and drop it"
	for _, c := range t.Columns {
		if !ours[columnOf(t.Name, c.Name)] {
			problems = append(problems, fmt.Sprintf(what, "column", c.Name, live, t.Name))
		}
	}
	for _, i := range t.Indexes {
		if !ours["index "+t.Name+"."+i.Name] {
			problems = append(problems, fmt.Sprintf(what, "index", i.Name, live, t.Name))
		}
	}
	return problems
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
