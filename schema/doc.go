// Package schema holds the desired state of the auth database (schema.hcl, Atlas HCL) and
// changes a database to it.
//
// Apply runs in one transaction under an advisory lock, and waits only briefly for tables
// that are in use. It refuses changes that can lose data unless they are allowed by name,
// and changes nothing on a second run. Check reports at a service's start and in its
// readiness whether the database has everything that this binary needs. It may have more:
// an old binary runs beside a new one while the schema is expanded (new columns have
// defaults or are nullable) and later contracted.
//
// The database may be shared. Apply records the objects that it has created (schema_state).
// Everything else belongs to other programs: it is not changed, not dropped, and no reason
// to refuse. But Apply refuses a table with one of our names that is not in the record.
// Package connect handles the configurations of Postgres that others have set up.
//
// Postgres rewrites expressions, so comparing their text would miss a CHECK that was changed
// under its old name. Therefore the transaction creates the desired state in a draft schema,
// and compares what Postgres returns for it.
package schema
