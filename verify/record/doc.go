// Package record encodes and decodes the record of a live access token in Redis.
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
// zeros. Lists are words separated by single spaces. Fields with empty values are left
// out; one that is yes or no is the byte 1 or left out. A reader skips unknown tags, which the MAC covers as well. Other services and other
// languages read records: the meaning of a tag never changes, and a field that a reader
// must not skip needs a new version. testdata/records.json has test vectors.
package record
