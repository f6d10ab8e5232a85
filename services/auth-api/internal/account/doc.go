// Package account has the rules of accounts: registration, authentication with a password,
// and changing or deleting one's own account.
//
// Nobody can find out here whether an address is registered. RequestRegistration gives the same
// answer and does the same work, whether the address is registered or not: the mail tells its
// owner. Authenticate computes a hash for an unknown address as well. (Signing in tells it
// only to somebody who knows the password.)
package account
