// Package authorization owns every authorization and every access token: what stands
// until it ends, and the secrets because of it. It issues, ends and rewrites them, and
// keeps Redis in line with Postgres.
//
// Postgres is the truth, Redis is where tokens live. Three rules make both say the same
// although either can fail:
//
//   - Whoever writes a record holds its subject, at least shared, from before the truth
//     is read until Redis has answered. Whoever changes what a record says, or may end something,
//     holds the subject exclusively. So a sign-in and the end of all sessions can never
//     pass each other. Roles and APIs have one lock of their own, in the same way.
//   - Whatever ends or changes is committed together with a selector in the outbox that
//     says what it reaches, in one row however much that is. The caller carries it to
//     Redis before it answers; Relay carries what a caller left behind.
//   - Only sync writes over a record, and it derives what it writes from the truth.
//
// To end everything of a subject is to raise one number, its epoch: a root authorization
// is alive only while it holds the subject's, and whatever hangs on it follows.
//
// A token's life, and the file of each step: issue.go makes it, touch.go moves the idle
// end of a session that is used, change.go ends it or has its record written anew,
// carry.go and relay.go tell Redis, rebuild.go fills a Redis that lost something, sweep.go
// deletes the rows. truth.go says what is alive and what a record says; sync.go writes it.
//
// Order of locks: selectors of the outbox, roles, subjects by id, authorizations.
package authorization
