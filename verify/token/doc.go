// Package token defines the format of a token and the keyed hash under which its record is
// stored. It does no I/O.
//
//	bat_k1_4nWq…(43 base62 characters)…7Zb0aQ1xY
//	|   |  |                            └ check: 7 base62 characters of an HMAC over all before it
//	|   |  └ secret: 256 random bits
//	|   └ key id: names the key of the ring that hashes and checks this token
//	└ type: access (bat), personal (bpt), refresh (brt) or browser (bsc)
//
// Tokens are not stored. Stores hold HMAC-SHA-256(key, token).
//
// The check is HMAC-SHA-256 under HKDF-SHA-256(key, no salt, "check"): its first 8
// bytes as a big-endian number, modulo 62^7. Only the owner of the key can make a token
// with the right check, so a flood of made-up tokens is refused without reading a store.
//
// Access tokens of an older form end in 6 characters of CRC-32 instead and are one byte
// shorter. They stay valid until they expire; ParseKeyRing says how to refuse them.
// testdata/ has test vectors of both forms.
package token
