// Package authorization owns every authorization and every access token. It issues, ends
// and rewrites them, and keeps Redis in sync with Postgres.
//
// Postgres is the source of truth, and Redis holds the records that verifiers read. Three
// rules keep both consistent although either can fail:
//
//   - A transaction that writes a record locks its subject, at least shared, before it
//     reads Postgres and until Redis has answered. A transaction that changes what records
//     say, or may end authorizations, locks the subject exclusively. So a sign-in and the
//     end of all sessions are always ordered. Roles and APIs have one such lock together.
//   - A change is committed together with a selector in the outbox. One row selects all
//     affected authorizations, however many. The caller syncs them to Redis before it
//     answers; Relay syncs what a caller left behind.
//   - Only sync overwrites a record, and it derives the record from Postgres.
//
// Ending everything of a subject increments one number, its epoch. A root authorization is
// alive only while its epoch equals the subject's, and its descendants only while it is.
//
// The steps in the life of a token, by file: issue.go creates it, reauthenticate.go exchanges
// that of a browser when its person signs in again, refresh.go exchanges a refresh token for
// the next ones, program.go draws a client's own, touch.go extends the idle timeout of a
// session that is used, change.go ends it or queues a rewrite of its record, syncselectors.go
// and relay.go sync Redis, deadtree.go is the short way for all that a root had, rebuild.go
// fills a Redis that lost records, sweep.go deletes the rows. state.go reads what is alive and
// what a record says; sync.go writes the record.
//
// Locks are taken in this order: selectors of the outbox, roles, subjects by id,
// authorizations.
package authorization
