// Package token holds the format of an access token and the keyed hash under
// which it is stored. It does no I/O.
//
//	bat_k1_4nWq…(43 base62 characters)…7Zb0aQ1x
//	|   |  |                            └ checksum: CRC-32 of all before it, 6 base62 characters
//	|   |  └ secret: 256 random bits
//	|   └ key id: names the key of the ring that hashes this token
//	└ prefix: what secret scanners look for
//
// A token is stored nowhere. What is stored is HMAC-SHA-256(key, token).
package token
