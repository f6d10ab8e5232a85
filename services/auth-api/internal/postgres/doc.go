// Package postgres is the way to the auth database: one pool, one way to run a
// transaction with a deadline, and the question whether writes work.
//
// The database may have been set up by others, so that each transaction gets the
// settings that our SQL relies on (package schema/connect). Connected directly,
// they are set once in a connection, and statements are prepared by name. Behind
// a pooler in transaction mode both would be lost or met by others: there each
// transaction begins with the settings, in the same round trip as BEGIN, and no
// statement has a name. Which of both it is, is seen in each new connection: a
// pooler tells another process id than that of the server's process.
//
// Every failure that is not a fault of the domain is store_unavailable.
package postgres
