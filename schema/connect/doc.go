// Package connect prepares connections to a Postgres that others have set up:
// behind a pooler, with settings of the role or the database, read-only, in
// another encoding, or not reachable at all.
//
// What our SQL relies on is set by us (Settings), in each session or, behind a
// pooler, in each transaction. It is never sent as a startup parameter, because
// PgBouncer refuses most of them. Explain says in words what is wrong.
package connect
