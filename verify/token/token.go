package token

import (
	"errors"
	"log/slog"
)

const (
	// Length is the number of bytes of every token with keyed check characters.
	Length = secretStart + secretLength + checkLength

	keyIDLength = 2
	keyIDStart  = typeLength + 1
	secretStart = keyIDStart + keyIDLength + 1
	checkLength = 7 // 62^7 > 2^41
	// unkeyedLength is that of an access token of the older form, which ends in a
	// CRC-32. One byte less tells them apart.
	unkeyedLength = secretStart + secretLength + checksumLength
)

// ErrMalformed means that a string cannot be a bearer token of ours: its length,
// type or characters are wrong, or the CRC-32 of the older form is.
var ErrMalformed = errors.New("malformed access token")

// Token is a bearer token of the right form. Whether its check characters are right
// only KeyRing.Check knows, and whether it is alive only the store.
//
// Its String and LogValue hide the secret, so that a token that is printed by
// mistake cannot be used.
type Token struct{ raw string }

// Parse checks the form of a bearer token. Tokens of other types are refused.
// Error: ErrMalformed.
func Parse(s string) (Token, error) {
	switch len(s) {
	case Length:
		if !Type(s[:typeLength]).Bearer() || !isBase62(s[secretStart:]) {
			return Token{}, ErrMalformed
		}
	case unkeyedLength:
		if Type(s[:typeLength]) != Access || !IsSecret(s, s[:secretStart]) {
			return Token{}, ErrMalformed
		}
	default:
		return Token{}, ErrMalformed
	}
	if s[typeLength] != '_' || s[secretStart-1] != '_' || !isBase62(s[keyIDStart:secretStart-1]) {
		return Token{}, ErrMalformed
	}
	return Token{raw: s}, nil
}

// HasPrefix says whether s begins as a token of any type does, whatever follows.
func HasPrefix(s string) bool {
	return len(s) > typeLength && s[typeLength] == '_' && Type(s[:typeLength]).known()
}

// Reveal returns the usable token. Only the answer to its owner may hold it.
func (t Token) Reveal() string { return t.raw }

// Type tells what the token is for.
func (t Token) Type() Type { return Type(t.raw[:typeLength]) }

// KeyID names the key of the ring that hashes this token.
func (t Token) KeyID() string { return t.raw[keyIDStart : secretStart-1] }

// Keyed is false for an access token of the older form, with an unkeyed checksum.
func (t Token) Keyed() bool { return len(t.raw) == Length }

// String shows type and key id only.
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
