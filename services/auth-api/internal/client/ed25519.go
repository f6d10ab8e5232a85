package client

import (
	"crypto/ed25519"

	"github.com/go-jose/go-jose/v4"
)

// ed25519Name is the name of EdDSA with Ed25519 in RFC 9864, section 2.2. It deprecates the name
// EdDSA, and newer clients send no other. go-jose does not know it yet.
const ed25519Name = jose.SignatureAlgorithm("Ed25519")

// edwardsKey checks the signatures of both names.
type edwardsKey ed25519.PublicKey

// VerifyPayload implements jose.OpaqueVerifier.
func (k edwardsKey) VerifyPayload(payload, signature []byte, algorithm jose.SignatureAlgorithm) error {
	if algorithm != jose.EdDSA && algorithm != ed25519Name {
		return jose.ErrUnsupportedAlgorithm
	}
	if !ed25519.Verify(ed25519.PublicKey(k), payload, signature) {
		return jose.ErrCryptoFailure
	}
	return nil
}

// verifierOf is what go-jose checks signatures with: the key itself, if it can.
func verifierOf(key any) any {
	if edwards, is := key.(ed25519.PublicKey); is {
		return edwardsKey(edwards)
	}
	return key
}
