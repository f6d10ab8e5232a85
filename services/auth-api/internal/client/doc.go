// Package client has clients: programs with an identity of their own. An API introspects
// tokens with it; an app signs people in; a program draws tokens for itself.
//
// A client has an id and one secret, or two during a rotation; or it signs assertions with a
// key of its own; or it is public and proves nothing. A secret is 256 random bits in the form
// of package token, so that scanners for leaked secrets find it. It is stored as its SHA-256:
// 256 random bits cannot be guessed, so no slow hash is needed.
//
// Postgres is authoritative. At introspection, clients are authenticated with a record in
// Redis (authenticate.go), so that it works while Postgres is down: only clients of an API
// have a record. A change is committed to Postgres first, then the record is written, then
// the caller gets its answer. Reconcile corrects records that differ from Postgres: after a
// change made while Redis was down, and after Redis lost its records. At the token endpoint
// all clients are authenticated against Postgres (identify.go).
//
// A record has a MAC under a key of the service ring. If the MAC is missing or wrong, the
// record is not used: the client gets store_unavailable until Reconcile has rewritten the
// record.
package client
