// Package mail sends mail to people. Whoever has something to say writes a Mail into the
// outbox, in the transaction of what it speaks of: if that is rolled back, nothing is sent,
// and what is committed is not forgotten. Workers of all replicas send what is due.
//
// The states of a mail, and the file of each change:
//
//	waiting → sending          claim.go: committed before the server is called
//	sending → sent             finish.go: the server has accepted it
//	sending → waiting          finish.go: refused for now, or the server could not be reached
//	sending → failed           finish.go: refused for good, or given up after a day
//	sending → unknown          finish.go: the connection broke when the mail was complete;
//	                           expire.go: the replica that was sending it died
//	waiting → dropped          claim.go: its Preparer decided that there is nothing to send
//
// A mail that is unknown may have arrived, so that it is never sent again by itself.
//
// The package knows no account. What has to be looked up when a mail is sent, such as the
// address of an account, and what must be stored nowhere, such as a code, comes from a
// Preparer.
package mail
