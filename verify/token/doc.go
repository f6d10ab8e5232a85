// Package token holds the format of a token and the keyed hash under which it is
// stored. It does no I/O.
//
//	bat_k1_4nWq…(43 base62 characters)…7Zb0aQ1xY
//	|   |  |                            └ check: 7 base62 characters of an HMAC over all before it
//	|   |  └ secret: 256 random bits
//	|   └ key id: names the key of the ring that hashes and checks this token
//	└ type: access (bat), personal (bpt), refresh (brt) or browser (bsc)
//
// A token is stored nowhere. What is stored is HMAC-SHA-256(key, token).
//
// The check is HMAC-SHA-256 under HKDF-SHA-256(key, no salt, "check"): its first 8
// bytes as a big-endian number, modulo 62^7. Only who has the key can make a token
// with the right check, so a flood of made-up tokens is refused without a store.
//
// Access tokens of an older form have 6 characters of CRC-32 instead: they are one
// byte shorter. They stay valid until they expire; see ParseKeyRing for what ends
// their acceptance. testdata/ has vectors of both forms.
package token
