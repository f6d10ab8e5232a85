// Package verify is the contract between this service and whoever verifies its access
// tokens: a Verifier tells whether a token is alive and for whom it stands, as a
// Principal, which every caller shares and nobody changes.
//
// One call, Verifier.Verify, stands behind every way in which a token is checked.
// There are two verifiers:
//
//   - direct.Verifier (package direct) reads Redis, and answers from memory what has not
//     changed since. It is given the key ring and a Redis user that may only read.
//   - Remote, here, is for services that are not given Redis: it asks auth-api, as a
//     client with credentials of its own (RFC 7662), and keeps nothing.
//
// Failure is closed and is told apart. A token that is malformed, unknown, expired or
// revoked is ErrInvalidToken; a store that cannot be asked is ErrUnavailable, and never
// the former, because clients throw their token away when they are told that it is
// dead.
//
// This package needs the standard library only. Each package beside it adds what its
// name says, and a test holds the modules that each one brings.
package verify
