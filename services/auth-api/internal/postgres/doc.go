// Package postgres connects to the auth database: one pool, one way to run a transaction
// with a deadline, and a check whether writes work.
//
// The database may have been set up by others, so each transaction gets the settings that
// our SQL relies on (package schema/connect). On a direct connection they are set once, and
// statements are prepared by name. Behind a pooler in transaction mode, settings and
// prepared statements would get lost, or appear in the transactions of others. There each
// transaction begins with the settings, in the same round trip as BEGIN, and no statement
// has a name. Each new connection detects a pooler: it reports another process id than the
// server process has.
//
// Every error that is not a fault of the domain becomes store_unavailable.
package postgres
