package token

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
)

const (
	// Prefix begins every access token.
	Prefix = "bat_"
	// Length is the number of bytes of every access token.
	Length = len(Prefix) + keyIDLength + 1 + secretLength + checksumLength

	keyIDLength    = 2
	secretLength   = 43 // 62^43 > 2^256
	checksumLength = 6  // 62^6 > 2^32
	secretStart    = len(Prefix) + keyIDLength + 1
	checksumStart  = secretStart + secretLength

	alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// ErrMalformed says that a string cannot be a token of ours: its form or its
// checksum is wrong. Nothing needs to be asked of a store to know that.
var ErrMalformed = errors.New("malformed access token")

// Token is an access token whose form and checksum are right. Whether it is
// alive only the store knows.
//
// Its String and LogValue hide the secret, so that a token that is printed by
// mistake cannot be used.
type Token struct{ raw string }

// Parse checks form and checksum. Error: ErrMalformed.
func Parse(s string) (Token, error) {
	if len(s) != Length || s[:len(Prefix)] != Prefix || s[secretStart-1] != '_' {
		return Token{}, ErrMalformed
	}
	if !isBase62(s[len(Prefix):secretStart-1]) || !isBase62(s[secretStart:checksumStart]) {
		return Token{}, ErrMalformed
	}
	if checksum := checksumOf(s[:checksumStart]); string(checksum[:]) != s[checksumStart:] {
		return Token{}, ErrMalformed
	}
	return Token{raw: s}, nil
}

// Reveal returns the usable token. Only the answer to its owner may hold it.
func (t Token) Reveal() string { return t.raw }

// KeyID names the key of the ring that hashes this token.
func (t Token) KeyID() string { return t.raw[len(Prefix) : secretStart-1] }

// String shows prefix and key id only.
func (t Token) String() string {
	if t.raw == "" {
		return "(no token)"
	}
	return t.raw[:secretStart] + "…"
}

// GoString is String, for %#v.
func (t Token) GoString() string { return t.String() }

// LogValue is String, for log/slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// mint makes a new token for the key id, from 256 bits of random.
func mint(random io.Reader, keyID string) (Token, error) {
	raw := make([]byte, 0, Length)
	raw = append(raw, Prefix...)
	raw = append(raw, keyID...)
	raw = append(raw, '_')
	// A byte below 248 = 4 × 62 gives an unbiased character; others are drawn again.
	var batch [64]byte
	for len(raw) < checksumStart {
		if _, err := io.ReadFull(random, batch[:]); err != nil {
			return Token{}, fmt.Errorf("read random bytes for a token: %w", err)
		}
		for _, b := range batch {
			if b < 248 && len(raw) < checksumStart {
				raw = append(raw, alphabet[b%62])
			}
		}
	}
	checksum := checksumOf(string(raw))
	return Token{raw: string(append(raw, checksum[:]...))}, nil
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
