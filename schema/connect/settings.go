package connect

import (
	"fmt"
	"strings"
	"time"
)

// Schema is the Postgres schema that holds our tables.
const Schema = "public"

// Setting is a parameter of a Postgres session, with the value that our SQL needs.
type Setting struct{ Name, Value string }

// Settings are what each transaction of ours needs, whatever the URL, the role
// or the database says. Timeout bounds a statement and the time between two of
// them; 0 is no bound.
func Settings(timeout time.Duration) []Setting {
	bound := fmt.Sprint(timeout.Milliseconds())
	return []Setting{
		// pg_temp last: otherwise a temporary table hides ours.
		{"search_path", Schema + ", pg_temp"},
		// A statement after a lock must see what was committed before the lock was got.
		{"default_transaction_isolation", "read committed"},
		// A row that is hidden by a policy would count as a session that has ended.
		// With off, Postgres reports an error instead.
		{"row_security", "off"},
		{"statement_timeout", bound},
		{"idle_in_transaction_session_timeout", bound},
		// statement_timeout bounds waiting for a lock as well.
		{"lock_timeout", "0"},
	}
}

// Local is SQL that sets the settings until the transaction ends.
func Local(settings []Setting) string {
	var sql strings.Builder
	for _, s := range settings {
		switch s.Name {
		case "default_transaction_isolation": // The transaction has begun.
		case "search_path":
			fmt.Fprintf(&sql, "; SET LOCAL %s TO %s", s.Name, s.Value)
		default:
			fmt.Fprintf(&sql, "; SET LOCAL %s TO '%s'", s.Name, s.Value)
		}
	}
	return strings.TrimPrefix(sql.String(), "; ")
}

// Begin is SQL that begins a transaction with the settings, in one round trip.
// It works through a pooler in transaction mode. It fails with SQLSTATE 0A000 on
// a standby, to which a pooler may have moved: what is read there may be old.
// A read-only default of the role or the database stays.
func Begin(settings []Setting) string {
	return "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE" +
		"; SELECT set_config('transaction_read_only', current_setting('default_transaction_read_only'), true)" +
		"; " + Local(settings)
}

// Session is an SQL expression that sets the settings for the whole session and
// gives text. They last until the session ends.
func Session(settings []Setting) string {
	calls := make([]string, len(settings))
	for i, s := range settings {
		calls[i] = fmt.Sprintf("set_config('%s', '%s', false)", s.Name, s.Value)
	}
	return strings.Join(calls, " || ")
}
