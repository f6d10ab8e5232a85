// Package session holds the rules of sessions: how one is opened, listed,
// kept alive, and ended.
//
// Postgres is the truth, Redis is where tokens live, and both must say the same
// although either can fail. The order of writes does that:
//
//   - Open: one transaction locks the account's row (shared), inserts the
//     session, writes the token's record to Redis, commits; then the token is
//     handed out.
//   - Revoke: one transaction locks the account's row (exclusive), makes the
//     change, marks the sessions and queues their tokens in token_syncs,
//     commits; then the records are dropped from Redis; then it is answered.
//
// So an Open and a Revoke of the same account can never pass each other. If
// Redis does not answer after the commit, the caller hears of it, and Relay
// carries the queue through as soon as Redis is back.
//
// Revoke is the only function that ends sessions.
package session
