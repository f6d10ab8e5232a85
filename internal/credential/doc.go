// Package credential knows the secrets that the platform needs: it makes their
// values and changes them, so that no request is lost while they change.
//
// What a client signs in with (a password, the ring of token keys) is in a
// Secret that is never changed: a new value gets a new name, and pods roll. What
// a store knows of its users is in a Secret of one name, with hashes only: the
// store reads it again while it runs, and knows the old and the new password
// for as long as a rotation lasts.
package credential
