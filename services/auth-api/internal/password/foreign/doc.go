// Package foreign reads and verifies password hashes that other programs have made, so that
// people whose accounts were imported sign in with the passwords that they have.
//
// A hash is stored as imported:FORMAT:TEXT. Our own hashes begin with $argon2id$, so neither
// can be taken for the other. Dialects that differ only in how they write the same numbers
// (Django's, passlib's and Keycloak's PBKDF2) are converted when they are imported; FORMAT is
// bcrypt, scrypt, pbkdf2, argon2, sha-crypt or firebase. imported:none: is an account
// without a password.
//
// Every parser refuses costs above its ceiling before anything is computed or allocated. The
// ceilings are such that a hash takes a few seconds of one processor at most, and 128 MiB.
package foreign
