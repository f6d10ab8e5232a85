// Package devstack provides Postgres and Redis for development and tests: those at a given
// URL, otherwise from programs found on the machine, otherwise embedded ones (Postgres is
// downloaded, Redis is an in-memory imitation).
//
// The stores listen on loopback, run for root and for other users, and end with the process
// that started them, even if that is killed. A data directory is never deleted, whatever it
// contains.
package devstack
