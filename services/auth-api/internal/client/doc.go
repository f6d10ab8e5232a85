// Package client holds programs with credentials of their own: the clients by
// which an API asks whether a token is alive.
//
// A client has an id and one secret, or two while one replaces the other. A
// secret is 256 random bits in the form of package token, so that scanners find
// it, and is stored as its SHA-256: nobody can try that many.
//
// Postgres is the truth. Who a caller is, is read from a record in Redis, so that
// it can be told while Postgres is down. Every change is committed first, then
// the record is written, then it is answered. Reconcile brings records in line
// that are not, so a change made while Redis is away is carried through, and a
// Redis that lost its records gets them back.
//
// A record has a MAC under a key of the service ring. One without it, or with a wrong
// one, says nothing: whoever asks as that client gets store_unavailable until Reconcile
// has written the record anew.
package client
