package token

import (
	"fmt"
	"hash/crc32"
	"io"
)

const (
	secretLength   = 43 // 62^43 > 2^256
	checksumLength = 6  // 62^6 > 2^32

	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// MintSecret makes a secret of the form that access tokens have, under another
// prefix: the prefix, 256 bits of random as 43 base62 characters, and 6 of
// checksum.
func MintSecret(random io.Reader, prefix string) (string, error) {
	raw := make([]byte, 0, len(prefix)+secretLength+checksumLength)
	raw = append(raw, prefix...)
	// A byte below 248 = 4 × 62 gives an unbiased character; others are drawn again.
	var batch [64]byte
	for len(raw) < len(prefix)+secretLength {
		if _, err := io.ReadFull(random, batch[:]); err != nil {
			return "", fmt.Errorf("read random bytes for a secret: %w", err)
		}
		for _, b := range batch {
			if b < 248 && len(raw) < len(prefix)+secretLength {
				raw = append(raw, alphabet[b%62])
			}
		}
	}
	checksum := checksumOf(string(raw))
	return string(append(raw, checksum[:]...)), nil
}

// IsSecret says whether s is of the form that MintSecret gives, with a checksum
// that is right.
func IsSecret(s, prefix string) bool {
	if len(s) != len(prefix)+secretLength+checksumLength || s[:len(prefix)] != prefix || !isBase62(s[len(prefix):]) {
		return false
	}
	checksum := checksumOf(s[:len(s)-checksumLength])
	return string(checksum[:]) == s[len(s)-checksumLength:]
}

func checksumOf(s string) [checksumLength]byte {
	sum := crc32.ChecksumIEEE([]byte(s))
	var out [checksumLength]byte
	for i := checksumLength - 1; i >= 0; i-- {
		out[i] = alphabet[sum%62]
		sum /= 62
	}
	return out
}

func isBase62(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
