package token

import (
	"encoding/base64"
	"fmt"
)

// HashSize is the number of bytes of a Hash.
const HashSize = 32

// KeyPrefix begins the Redis key of every live token.
const KeyPrefix = "session:"

// RebuiltKey is the rebuild marker. It exists if Redis holds the record of every live
// token; a Redis without it may have lost some. The service that issues tokens writes it.
const RebuiltKey = KeyPrefix + "rebuilt"

// UntrustedPrefix begins the value of RebuiltKey where the record of a live token may be
// missing: in a Redis that may evict records, and during a rebuild.
const UntrustedPrefix = "untrusted:"

// Hash is HMAC-SHA-256 of a token under the key that its key id names. It identifies the
// token in every store, and the token cannot be computed from it.
type Hash [HashSize]byte

// HashFrom converts the bytes from a store to a Hash.
func HashFrom(b []byte) (Hash, error) {
	if len(b) != HashSize {
		return Hash{}, fmt.Errorf("a token hash has %d bytes, not %d", HashSize, len(b))
	}
	return Hash(b), nil
}

// Key returns the Redis key of the token's record: KeyPrefix and 43 characters of
// base64url.
func (h Hash) Key() string {
	var key [len(KeyPrefix) + 43]byte
	copy(key[:], KeyPrefix)
	base64.RawURLEncoding.Encode(key[len(KeyPrefix):], h[:])
	return string(key[:])
}

// ParseKey is the reverse of Hash.Key. ours is false for any other key, including other
// encodings of the same bytes.
func ParseKey(key string) (h Hash, ours bool) {
	if len(key) != len(KeyPrefix)+43 || key[:len(KeyPrefix)] != KeyPrefix {
		return Hash{}, false
	}
	n, err := base64.RawURLEncoding.Strict().Decode(h[:], []byte(key[len(KeyPrefix):]))
	return h, err == nil && n == HashSize
}
