// Package password holds the rules of passwords: which ones are accepted
// (Policy), how they are hashed (Hasher) and how many at once (Pool).
// Hashes that other programs have made are in package foreign.
// It reads no file and opens no connection.
//
// A password is a sequence of Unicode code points in normal form C, as NIST
// SP 800-63B-4, section 3.1.1.2, advises. Policy and Hasher both convert it to that
// form, so that an é typed as one code point or as two is the same password. Nothing
// else is changed: a password is neither trimmed nor truncated.
//
// A Hasher accepts passwords of any length, because an older policy may have allowed
// them. The limit on request bodies bounds the cost.
package password
