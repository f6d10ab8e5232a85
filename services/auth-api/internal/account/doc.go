// Package account holds the rules of accounts: registering, finding out who
// signs in, and changing or deleting one's own.
//
// Nothing here tells a stranger whether an address is registered. Register
// answers the same and does the same work, one hash and one INSERT, whether the
// address is known or not; Authenticate hashes once for an unknown address as
// well. (That the owner of an address could find out by signing in with the
// password they chose is no leak: it takes the password.)
package account
