package schema

import (
	"maps"
	"slices"
)

// rights are what the service may do with the rows of each table. It may do nothing else in
// the database: it makes, changes and truncates no table. Every table of schema.hcl is here.
//
// Foreign keys need no right of their own: Postgres checks them, and deletes what hangs on a
// row, as the owner of the tables. FOR UPDATE and FOR SHARE need UPDATE.
func rights() map[string][]string {
	const read, insert, update, remove = "SELECT", "INSERT", "UPDATE", "DELETE"
	return map[string][]string{
		"accounts": {read, insert, update, remove},
		// A subject outlives its account: without its row, its epoch would begin anew, and revive
		// what it had ended.
		"subjects": {read, insert, update},
		// Rows stay, for the same reason.
		"consents":       {read, insert, update},
		"authorizations": {read, insert, update, remove},
		// A token's row never changes: UPDATE is for the sweep, which locks what it deletes.
		"access_tokens": {read, insert, update, remove},
		"outbox":        {read, insert, update, remove},
		// Its rows go with those of authorizations.
		"refresh_tokens":      {read, insert, update},
		"authorization_codes": {read, insert, update, remove},
		"codes":               {read, insert, update, remove},
		"totps":               {read, insert, update, remove},
		"recovery_codes":      {read, insert, update, remove},
		"passkeys":            {read, insert, update, remove},
		"spent_ceremonies":    {read, insert, remove},
		"sign_in_challenges":  {read, insert, update, remove},
		// UPDATE is for the sweep, which locks what it deletes.
		"pushed_requests": {read, insert, update, remove},
		// Its rows go with those of authorizations.
		"sessions":         {read, insert, update},
		"personal_tokens":  {read, insert, update},
		"apis":             {read, insert, update},
		"roles":            {read, insert, update},
		"role_assignments": {read, insert, remove},
		// A client is disabled, never deleted.
		"clients":           {read, insert, update},
		"client_assertions": {read, insert, remove},
		// What was recorded cannot be rewritten or deleted: only the owner drops whole months.
		"events": {read, insert},
		// DELETE is for accounts that are deleted.
		"event_origins": {read, insert, remove},
		// DELETE is for accounts that are deleted, and for the sweep.
		"mails": {read, insert, update, remove},
		// Whoever could change it could make a service believe that its schema is current.
		"schema_state": {read},
	}
}

// partitionRights are those to a partition itself. The service reaches the months through
// their table; it reads the default partition to say when that has rows.
func partitionRights(name string) []string {
	if name == strays {
		return []string{"SELECT"}
	}
	return nil
}

// Rights returns what a service needs to do with the rows of each table, as the names of
// Postgres's privileges.
func (d Desired) Rights() map[string][]string {
	all, columns := rights(), d.Columns()
	maps.DeleteFunc(all, func(table string, _ []string) bool { return columns[table] == nil })
	return all
}

// withoutRights lists the tables for which rights says nothing.
func (d Desired) withoutRights() (tables []string) {
	known := rights()
	for table := range d.Columns() {
		if known[table] == nil {
			tables = append(tables, table)
		}
	}
	slices.Sort(tables)
	return tables
}
