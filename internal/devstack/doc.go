// Package devstack gives a laptop or a test the two stores, Postgres and Redis,
// from what is there: a URL that is given, else programs found on the machine,
// else embedded ones (Postgres is downloaded, Redis is a stand-in in memory).
//
// What it starts listens on loopback, works for root and for anybody else, and
// ends with the process that started it, even if that is killed. A data
// directory is never deleted, whatever is found in it.
package devstack
