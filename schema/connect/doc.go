// Package connect prepares connections to a Postgres that others have set up: it may be
// behind a pooler, have settings of the role or the database, be read-only, have another
// encoding, or be unreachable.
//
// The settings that our SQL relies on (Settings) are set in each session or, behind a
// pooler, in each transaction. They are not sent as startup parameters, because PgBouncer
// refuses most of them. Explain turns errors into sentences.
package connect
