package token

import (
	"fmt"
	"hash/crc32"
	"io"
	"unsafe"
)

const (
	secretLength   = 43 // 62^43 > 2^256
	checksumLength = 6  // 62^6 > 2^32

	// none is no value of a character.
	none = 0xff

	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// MintSecret makes a secret for which no check key exists, such as a client's: the
// prefix, 256 bits of random as 43 base62 characters, and 6 characters of CRC-32
// over all before them.
func MintSecret(random io.Reader, prefix string) (string, error) {
	raw, err := draw(random, prefix, checksumLength)
	if err != nil {
		return "", err
	}
	return string(appendBase62(raw, uint64(checksumOf(string(raw))), checksumLength)), nil
}

// draw gives the prefix and 256 bits of random as base62, with room for more.
func draw(random io.Reader, prefix string, room int) ([]byte, error) {
	raw := make([]byte, 0, len(prefix)+secretLength+room)
	raw = append(raw, prefix...)
	// A byte below 248 = 4 × 62 gives an unbiased character; others are drawn again.
	var batch [64]byte
	for len(raw) < len(prefix)+secretLength {
		if _, err := io.ReadFull(random, batch[:]); err != nil {
			return nil, fmt.Errorf("read random bytes for a secret: %w", err)
		}
		for _, b := range batch {
			if b < 248 && len(raw) < len(prefix)+secretLength {
				raw = append(raw, alphabet[b%62])
			}
		}
	}
	return raw, nil
}

// appendBase62 appends the last n base62 digits of value, the highest first.
func appendBase62(to []byte, value uint64, n int) []byte {
	to = append(to, make([]byte, n)...)
	for i := len(to) - 1; i >= len(to)-n; i-- {
		to[i] = alphabet[value%62]
		value /= 62
	}
	return to
}

// IsSecret says whether s is of the form that MintSecret gives, with a checksum
// that is right.
func IsSecret(s, prefix string) bool {
	if len(s) != len(prefix)+secretLength+checksumLength || s[:len(prefix)] != prefix {
		return false
	}
	body, checksum := s[:len(s)-checksumLength], s[len(s)-checksumLength:]
	if !isBase62(body[len(prefix):]) {
		return false
	}
	// 62^6 is more than 2^32: the sum is read wider than it is.
	var sum uint64
	for i := range len(checksum) {
		value := base62[checksum[i]]
		if value == none {
			return false
		}
		sum = sum*62 + uint64(value)
	}
	return sum == uint64(checksumOf(body))
}

// checksumOf is asked of every token that comes: s is read where it is, since
// hash/crc32 would make a copy of it escape.
func checksumOf(s string) uint32 {
	return crc32.ChecksumIEEE(unsafe.Slice(unsafe.StringData(s), len(s)))
}

func isBase62(s string) bool {
	for i := range len(s) {
		if base62[s[i]] == none {
			return false
		}
	}
	return true
}

// base62 is the reverse of alphabet; none is what is not in it.
var base62 = func() (values [256]uint8) {
	for c := range values {
		values[c] = none
	}
	for value := range len(alphabet) {
		values[alphabet[value]] = uint8(value)
	}
	return values
}()
