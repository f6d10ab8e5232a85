package token

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

const (
	// Prefix begins every access token.
	Prefix = "bat_"
	// Length is the number of bytes of every access token.
	Length = len(Prefix) + keyIDLength + 1 + secretLength + checksumLength

	keyIDLength = 2
	secretStart = len(Prefix) + keyIDLength + 1
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
	if !isBase62(s[len(Prefix):secretStart-1]) || !IsSecret(s, s[:secretStart]) {
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
	raw, err := MintSecret(random, Prefix+keyID+"_")
	if err != nil {
		return Token{}, fmt.Errorf("make a token: %w", err)
	}
	return Token{raw: raw}, nil
}
