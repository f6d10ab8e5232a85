// Package verify is the contract between auth-api and the services that verify its access
// tokens. A Verifier reports whether a token is alive and returns the Principal that it
// stands for. Principals are shared between callers and must not be changed.
//
// Every check of a token goes through Verifier.Verify. There are two verifiers:
//
//   - direct.Verifier (package direct) reads Redis, and answers from memory as long as
//     the record has not changed. It needs the key ring and a Redis user that may only
//     read.
//   - Remote, in this package, is for services without access to Redis. It asks auth-api,
//     as a client with credentials of its own (RFC 7662), and caches nothing.
//
// Verification fails closed, with one of two errors. ErrInvalidToken means that the token
// is malformed, unknown, expired or revoked. ErrUnavailable means that a store does not
// answer. The two are never confused, because clients discard a token that is called
// invalid.
//
// This package needs the standard library only. A test checks which modules each of its
// subpackages imports.
package verify
