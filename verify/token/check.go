package token

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// checkLabel derives the key of the check characters from a ring key.
const checkLabel = "check"

// ErrWrongCheck means that the token was made without the ring key that it names: its check
// characters are wrong, or it has the older form and the key never made such tokens.
var ErrWrongCheck = errors.New("made-up access token")

// Mint makes a new token of the type under the first key, with 256 bits read from random.
// It returns the token and its hash.
func (r *KeyRing) Mint(random io.Reader, of Type) (Token, Hash, error) {
	if !of.known() {
		return Token{}, Hash{}, fmt.Errorf("make a token: unknown type %q", string(of))
	}
	k := r.keys[r.first]
	raw, err := draw(random, string(of)+"_"+r.first+"_", checkLength)
	if err != nil {
		return Token{}, Hash{}, fmt.Errorf("make a token: %w", err)
	}
	t := Token{raw: string(appendBase62(raw, k.checkOf(string(raw)), checkLength))}
	return t, k.hash.sum(t.raw), nil
}

// Check verifies the check characters, which only the owner of the ring key can compute.
// It needs no I/O. Call it before reading from a store; a token that is known to be alive
// needs no check. Errors: ErrUnknownKey, ErrWrongCheck.
func (r *KeyRing) Check(t Token) error {
	k, known := r.keys[t.KeyID()]
	switch {
	case !known:
		return ErrUnknownKey
	case !t.Keyed():
		if k.onlyKeyed {
			return ErrWrongCheck
		}
		return nil
	}
	// A comparison in constant time would gain nothing: an attacker who finds the right
	// check characters for a made-up secret has a token that is not alive.
	var given uint64
	for i := Length - checkLength; i < Length; i++ {
		given = given*62 + uint64(base62[t.raw[i]])
	}
	if given != k.checkOf(t.raw[:Length-checkLength]) {
		return ErrWrongCheck
	}
	return nil
}

// checkOf returns the first 64 bits of the HMAC over type, key id and secret, modulo 62^7.
func (k *key) checkOf(body string) uint64 {
	sum := k.check.sum(body)
	return binary.BigEndian.Uint64(sum[:8]) % checkValues
}

const checkValues = 62 * 62 * 62 * 62 * 62 * 62 * 62
