package token

import (
	"encoding/base64"
	"fmt"
)

// HashSize is the number of bytes of a Hash.
const HashSize = 32

// KeyPrefix begins the Redis key of every live token.
const KeyPrefix = "session:"

// RebuiltKey exists where the record of every live token is: a Redis without it
// may have lost them. The service that gives out tokens writes it.
const RebuiltKey = KeyPrefix + "rebuilt"

// EvictingPrefix begins the value of RebuiltKey in a Redis that may evict records:
// there a record that is missing may be that of a live token.
const EvictingPrefix = "evicting:"

// Hash is HMAC-SHA-256 of a token under the key that its key id names. It
// stands for the token in every store and cannot be turned back into it.
type Hash [HashSize]byte

// HashFrom reads a hash back from the bytes a store holds.
func HashFrom(b []byte) (Hash, error) {
	if len(b) != HashSize {
		return Hash{}, fmt.Errorf("a token hash has %d bytes, not %d", HashSize, len(b))
	}
	return Hash(b), nil
}

// Key is the Redis key under which the token's record lives: KeyPrefix and 43
// characters of base64url.
func (h Hash) Key() string {
	var key [len(KeyPrefix) + 43]byte
	copy(key[:], KeyPrefix)
	base64.RawURLEncoding.Encode(key[len(KeyPrefix):], h[:])
	return string(key[:])
}

// ParseKey is the reverse of Hash.Key; ours is false for any other key, also for
// another spelling of the same bytes.
func ParseKey(key string) (h Hash, ours bool) {
	if len(key) != len(KeyPrefix)+43 || key[:len(KeyPrefix)] != KeyPrefix {
		return Hash{}, false
	}
	n, err := base64.RawURLEncoding.Strict().Decode(h[:], []byte(key[len(KeyPrefix):]))
	return h, err == nil && n == HashSize
}
