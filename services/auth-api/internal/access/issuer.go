package access

import (
	"io"

	"auth.books.test/verify/token"
)

// Issuer makes new access tokens.
type Issuer struct {
	ring   *token.KeyRing
	random io.Reader
}

// NewIssuer makes tokens under the ring's first key from random, which is
// crypto/rand.Reader outside of tests.
func NewIssuer(ring *token.KeyRing, random io.Reader) *Issuer {
	return &Issuer{ring: ring, random: random}
}

// Issue makes a token and the hash under which it is stored.
func (i *Issuer) Issue() (token.Token, token.Hash, error) { return i.ring.Mint(i.random, token.Access) }
