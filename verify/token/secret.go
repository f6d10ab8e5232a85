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

	// none marks a byte that is not in alphabet.
	none = 0xff

	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// MintSecret makes a secret without keyed check characters, such as a client's secret: the
// prefix, 256 random bits as 43 base62 characters, and 6 characters of CRC-32 over all
// before them.
func MintSecret(random io.Reader, prefix string) (string, error) {
	raw, err := draw(random, prefix, checksumLength)
	if err != nil {
		return "", err
	}
	return string(appendBase62(raw, uint64(checksumOf(string(raw))), checksumLength)), nil
}

// draw returns the prefix and 256 random bits in base62, with capacity for room more bytes.
func draw(random io.Reader, prefix string, room int) ([]byte, error) {
	raw := make([]byte, 0, len(prefix)+secretLength+room)
	raw = append(raw, prefix...)
	// Bytes below 248 = 4 × 62 map to unbiased characters; others are discarded.
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

// appendBase62 appends the lowest n base62 digits of value, the most significant first.
func appendBase62(to []byte, value uint64, n int) []byte {
	to = append(to, make([]byte, n)...)
	for i := len(to) - 1; i >= len(to)-n; i-- {
		to[i] = alphabet[value%62]
		value /= 62
	}
	return to
}

// IsSecret reports whether s has the form of MintSecret and the right checksum.
func IsSecret(s, prefix string) bool {
	if len(s) != len(prefix)+secretLength+checksumLength || s[:len(prefix)] != prefix {
		return false
	}
	body, checksum := s[:len(s)-checksumLength], s[len(s)-checksumLength:]
	if !isBase62(body[len(prefix):]) {
		return false
	}
	// Six characters can hold more than 32 bits, so a 64-bit sum is compared.
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

// checksumOf reads the memory of s through unsafe, because hash/crc32 would make a copy
// escape to the heap (BenchmarkParseAndHash, older form: 1 allocation less).
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

// base62 is the reverse of alphabet: the value of a character, or none.
var base62 = func() (values [256]uint8) {
	for c := range values {
		values[c] = none
	}
	for value := range len(alphabet) {
		values[alphabet[value]] = uint8(value)
	}
	return values
}()
