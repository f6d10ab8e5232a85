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
	// unkeyedLength is the number of bytes of an access token of the older form, which
	// ends in a CRC-32. The length distinguishes the two forms.
	unkeyedLength = secretStart + secretLength + checksumLength
)

// ErrMalformed means that a string does not have the form of a bearer token: its length,
// type or characters are wrong, or its CRC-32 if it has the older form.
var ErrMalformed = errors.New("malformed access token")

// Token is a bearer token of the right form. KeyRing.Check verifies its check characters,
// and only a store knows whether it is alive.
//
// String and LogValue hide the secret, so that a token that is printed by mistake cannot be
// used.
type Token struct{ raw string }

// Parse checks the form of a bearer token. It refuses tokens of other types.
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
	if !hasKeyID(s) {
		return Token{}, ErrMalformed
	}
	return Token{raw: s}, nil
}

// ParseBrowser checks the form of a browser token, which is in a cookie. It refuses bearer
// tokens, as Parse refuses browser tokens. Error: ErrMalformed.
func ParseBrowser(s string) (Token, error) {
	if len(s) != Length || Type(s[:typeLength]) != Browser || !isBase62(s[secretStart:]) || !hasKeyID(s) {
		return Token{}, ErrMalformed
	}
	return Token{raw: s}, nil
}

// hasKeyID says whether a key id stands where it should in a token of that length.
func hasKeyID(s string) bool {
	return s[typeLength] == '_' && s[secretStart-1] == '_' && isBase62(s[keyIDStart:secretStart-1])
}

// HasPrefix reports whether s begins like a token of any type.
func HasPrefix(s string) bool {
	return len(s) > typeLength && s[typeLength] == '_' && Type(s[:typeLength]).known()
}

// Reveal returns the usable token. Only the response to its owner may contain it.
func (t Token) Reveal() string { return t.raw }

// Type returns the type of the token.
func (t Token) Type() Type { return Type(t.raw[:typeLength]) }

// KeyID is the id of the key that hashes this token.
func (t Token) KeyID() string { return t.raw[keyIDStart : secretStart-1] }

// Keyed is false for an access token of the older form, which has an unkeyed checksum.
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
