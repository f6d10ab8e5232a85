// Package access gives out access tokens and keeps their records in Redis: one
// hash a token, which lives as long as the token does. Reading them is the
// work of package verify.
//
// Nothing here decides who may sign in or what ends a session. A record that is
// gone is never made again: every change of a record asks first whether it
// still exists, in the same step in Redis.
package access
