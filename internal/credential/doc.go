// Package credential generates and rotates the values of the secrets that the platform
// needs. No request fails during a rotation.
//
// The credentials of a program (a password, a key ring) are in an immutable Secret: a new
// value gets a new name, and pods roll. The users of a store are in a Secret whose name
// remains the same, and which holds only hashes. The store reads it again while it runs,
// and accepts both the old and the new password during a rotation.
package credential
