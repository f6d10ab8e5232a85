// Package access keeps the records of access tokens in Redis: one string a token
// (package verify/record), which lives as long as the token does. Reading them to verify
// a token is the work of package verify/direct. It also finds out how Redis does: whether
// it takes writes, is the one that was rebuilt, and may evict.
//
// Nothing here decides who may sign in, what ends a token or what its record says;
// package authorization does, and no other may write records. One that is gone is made
// again by Restore alone: Replace writes only where there is one, in the same command.
package access
