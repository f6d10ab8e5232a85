// Package verify tells whether an access token is alive and for whom it stands: a
// Principal, which every caller shares and nobody changes.
//
// One call, Verifier.Verify, stands behind every way in which a token is
// checked. Direct looks at the form first (no I/O), then for the keyed hash: in memory
// that package cache keeps in line with Redis, else, if the check characters are
// right, by one GET. The record that it finds must have the MAC of this token. It
// writes nothing, and it does not ask Postgres: verification goes on while Postgres is
// down.
//
// Remote is for services that are not given Redis: it asks auth-api, as a client
// with credentials of its own (RFC 7662), and keeps nothing.
//
// Failure is closed and is told apart. A token that is malformed, unknown,
// expired or revoked is ErrInvalidToken; a store that cannot be asked is
// ErrUnavailable, and never the former, because clients throw their token away
// when they are told that it is dead. For the same reason Direct believes that a
// token is unknown only of a Redis that holds token.RebuiltKey, which auth-api
// writes once every live token is there: one that came back empty says nothing.
package verify
