// Package access writes the records of access tokens in Redis: one string for each token
// (package verify/record), which expires with the token. Package verify/direct reads them
// to verify a token. Package access also checks the condition of Redis: whether it accepts
// writes, holds the records of all live tokens, and may evict keys.
//
// Nothing here decides who may sign in, what ends a token or what its record says. Package
// authorization does, and no other package may write records. Only Restore brings a missing
// record back: Replace writes only if there is one, in the same command.
package access
