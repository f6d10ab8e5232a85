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

// Settings are the settings that each of our transactions needs, regardless of those in the
// URL, the role and the database. The timeout limits a statement and the time between two
// statements; 0 means no limit.
func Settings(timeout time.Duration) []Setting {
	bound := fmt.Sprint(timeout.Milliseconds())
	return []Setting{
		// pg_temp comes last, so that a temporary table does not hide ours.
		{"search_path", Schema + ", pg_temp"},
		// A statement after a lock must see what was committed before the lock was taken.
		{"default_transaction_isolation", "read committed"},
		// A session whose row is hidden by a policy would count as ended. With off, Postgres
		// reports an error instead.
		{"row_security", "off"},
		{"statement_timeout", bound},
		{"idle_in_transaction_session_timeout", bound},
		// statement_timeout includes waiting for a lock.
		{"lock_timeout", "0"},
	}
}

// Local returns SQL that sets the settings until the transaction ends.
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

// Begin returns SQL that begins a transaction with the settings, in one round trip. It works
// through a pooler in transaction mode. On a standby, to which a pooler may have moved, it
// fails with SQLSTATE 0A000, because its data may be old. A read-only default of the role or
// the database remains in force.
func Begin(settings []Setting) string {
	return "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE" +
		"; SELECT set_config('transaction_read_only', current_setting('default_transaction_read_only'), true)" +
		"; " + Local(settings)
}

// Session returns an SQL expression, of type text, that sets the settings until the session
// ends.
func Session(settings []Setting) string {
	calls := make([]string, len(settings))
	for i, s := range settings {
		calls[i] = fmt.Sprintf("set_config('%s', '%s', false)", s.Name, s.Value)
	}
	return strings.Join(calls, " || ")
}
