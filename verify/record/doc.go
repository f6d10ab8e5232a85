// Package record encodes and decodes what Redis holds of one live access token.
//
// A token's record is the Redis string at token.Hash.Key:
//
//	version   1 byte, now 1
//	key id    2 characters: the ring key whose derived key made the MAC
//	fields    each a tag of 1 byte, the value's length as a varint, and the value;
//	          in ascending order of their tags, each at most once
//	MAC       16 bytes, see token.KeyRing.RecordMAC; its body is key id and fields
//
// Ids are the 16 bytes of a UUID. Times are Unix seconds, big-endian without leading
// zeros. Lists are words separated by single spaces. Empty values are left out. A
// reader skips tags that it does not know; the MAC covers them. Other services and
// other languages read records: a tag never changes its meaning, and what a reader
// must not skip needs another version. testdata/records.json has vectors.
package record
