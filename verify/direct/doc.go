// Package direct verifies access tokens against Redis, without a call to auth-api.
//
// A Verifier first checks the token's form, which needs no I/O. Then it looks up the
// token's keyed hash in memory, which package cache keeps coherent with Redis. If it is
// not there and the check characters are right, one GET reads the record, whose MAC must
// be the one of this token. A Verifier writes nothing and does not use Postgres:
// verification continues while Postgres is down.
//
// auth-api keeps a session alive that is used, and asks Redis when that was. Redis
// notices a use when the record is read. Uses that are answered from memory are reported
// with TOUCH, at most once in five minutes for each token. If Redis does not allow TOUCH,
// that is logged once, and a session that is used only here ends after its idle timeout.
//
// A missing record means that the token is invalid only if Redis holds token.RebuiltKey,
// which auth-api writes when every live token is there. Without that key, for example
// after Redis came back empty, a missing record is verify.ErrUnavailable.
package direct
