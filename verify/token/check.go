package token

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// checkLabel derives the key of the check characters from a ring key.
const checkLabel = "check"

// ErrWrongCheck means that nobody who has the ring key made this token: its check
// characters are wrong, or it has none and its key never signed such a token.
var ErrWrongCheck = errors.New("made-up access token")

// Mint makes a new token of the type under the first key, with 256 bits read from
// random, and its hash.
func (r *KeyRing) Mint(random io.Reader, of Type) (Token, Hash, error) {
	if !of.known() {
		return Token{}, Hash{}, fmt.Errorf("make a token: %q is no type of token", string(of))
	}
	k := r.keys[r.first]
	raw, err := draw(random, string(of)+"_"+r.first+"_", checkLength)
	if err != nil {
		return Token{}, Hash{}, fmt.Errorf("make a token: %w", err)
	}
	t := Token{raw: string(appendBase62(raw, k.checkOf(string(raw)), checkLength))}
	return t, k.hash.sum(t.raw), nil
}

// Check says whether the token was made by who has the key that it names. It needs
// no I/O. Call it before a store is asked; what is known to be alive needs no check.
// Errors: ErrUnknownKey, ErrWrongCheck.
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
	// A comparison in constant time would gain nothing: who finds the right check of a
	// secret that was never given out has found a token that is not alive.
	var given uint64
	for i := Length - checkLength; i < Length; i++ {
		given = given*62 + uint64(base62[t.raw[i]])
	}
	if given != k.checkOf(t.raw[:Length-checkLength]) {
		return ErrWrongCheck
	}
	return nil
}

// checkOf is the first 64 bits of the HMAC over type, key id and secret, modulo 62^7.
func (k *key) checkOf(body string) uint64 {
	sum := k.check.sum(body)
	return binary.BigEndian.Uint64(sum[:8]) % checkValues
}

const checkValues = 62 * 62 * 62 * 62 * 62 * 62 * 62
