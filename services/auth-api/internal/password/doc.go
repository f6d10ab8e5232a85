// Package password holds the rules of passwords: which ones are accepted
// (Policy), how they are kept (Hasher) and how many are hashed at once (Pool).
// It reads no file and opens no connection.
//
// A password is a sequence of Unicode code points in normal form C, as NIST
// SP 800-63B-4, section 3.1.1.2, advises. Policy and Hasher both bring it into
// that form, so that an é typed as one code point or as two signs in alike.
// Nothing else about it is changed: neither trimmed nor cut.
//
// A Hasher takes input of any length, because an older rule may have allowed
// it; the limit on request bodies bounds what that costs.
package password
