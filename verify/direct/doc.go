// Package direct verifies access tokens against Redis, without a call to auth-api.
//
// A Verifier looks at the token's form first (no I/O), then for its keyed hash: in
// memory that package cache keeps in line with Redis, else, if the check characters are
// right, by one GET. The record that it finds must have the MAC of this token. It
// writes nothing, and it does not ask Postgres: verification goes on while Postgres is
// down.
//
// Redis knows of a token's use by the read of its record. Of uses that are answered from
// memory it is told with TOUCH, at most once in five minutes a token: auth-api keeps a
// session alive that is used. Without the right +touch that is logged once, and a session
// that is used only here ends when its idle lifetime is over.
//
// It believes that a token is unknown only of a Redis that holds token.RebuiltKey,
// which auth-api writes once every live token is there: one that came back empty says
// nothing, and is verify.ErrUnavailable.
package direct
