// Package schema holds the desired state of the auth database (schema.hcl,
// Atlas HCL) and brings a database to it.
//
// Apply runs in one transaction, under an advisory lock that it waits for, with
// a short wait for tables that are in use. It refuses to destroy anything that
// is not named, and changes nothing on a second run. Check is what a service
// asks at start and in its readiness: is everything there that this binary
// needs? More than it needs is fine, so that an old binary runs beside a new
// one while the schema is expanded (new columns have defaults or are null) and
// later contracted.
//
// The database may be shared. Apply writes down what it has made (schema_state),
// and whatever is not in that record is somebody else's: it is not changed, not
// proposed to be dropped, and no reason to refuse. A table that has a name of ours
// and is not in the record is refused by name. How to connect to a Postgres that
// others have set up stands in package connect.
//
// The desired state is made for real in a schema of its own inside the
// transaction and read back from there, because Postgres rewrites expressions:
// compared as text, a CHECK that was changed under its old name goes unseen.
package schema
