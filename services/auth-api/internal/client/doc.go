// Package client has clients: programs with credentials of their own, with which an API
// introspects tokens.
//
// A client has an id and one secret, or two during a rotation. A secret is 256 random bits
// in the form of package token, so that scanners for leaked secrets find it. It is stored
// as its SHA-256: 256 random bits cannot be guessed, so no slow hash is needed.
//
// Postgres is authoritative. Clients are authenticated with a record in Redis, so that it
// works while Postgres is down. A change is committed to Postgres first, then the record is
// written, then the caller gets its answer. Reconcile corrects records that differ from
// Postgres: after a change made while Redis was down, and after Redis lost its records.
//
// A record has a MAC under a key of the service ring. If the MAC is missing or wrong, the
// record is not used: the client gets store_unavailable until Reconcile has rewritten the
// record.
package client
