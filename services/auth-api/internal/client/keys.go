package client

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"auth.books.test/services/auth-api/internal/fault"
)

const (
	// maxKeys is how many keys a client may have: an assertion is tried with each that fits.
	maxKeys = 10
	// minRSA is the least size of an RSA key, in bits (RFC 7518, section 3.3).
	minRSA = 2048
)

// signatures are the algorithms with which clients may sign assertions.
func signatures() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA, ed25519Name}
}

// algorithms are those that a public key can check; none if it is not of a kind that is
// supported.
func algorithms(key any) []jose.SignatureAlgorithm {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() >= minRSA {
			return []jose.SignatureAlgorithm{jose.RS256, jose.PS256}
		}
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return []jose.SignatureAlgorithm{jose.ES256}
		}
	case ed25519.PublicKey:
		return []jose.SignatureAlgorithm{jose.EdDSA, ed25519Name}
	}
	return nil
}

// readKeys reads public keys in PEM, a JWK or a JWK set, and writes them as a JWK set.
// Fault: validation_failed.
func readKeys(text string) (string, error) {
	keys, err := parseKeys(strings.TrimSpace(text))
	if err != nil || len(keys) == 0 || len(keys) > maxKeys {
		return "", invalidKeys("Write one to ten public keys, in PEM (BEGIN PUBLIC KEY) or as a JWK set.")
	}
	set := jose.JSONWebKeySet{}
	for _, k := range keys {
		switch {
		case !isPublic(k):
			// Somebody who reads it here could authenticate as the client.
			return "", invalidKeys("There is a private or symmetric key among them. It belongs to the client alone: make another pair, and give only the public key.")
		case !k.Valid() || len(algorithms(k.Key)) == 0:
			return "", invalidKeys("Use RSA keys of at least 2048 bits, P-256 or Ed25519.")
		case k.Use != "" && k.Use != "sig":
			return "", invalidKeys("There is a key that is not for signatures: its use is not sig.")
		}
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Key, KeyID: k.KeyID, Use: "sig"})
	}
	out, err := json.Marshal(set)
	if err != nil {
		return "", invalidKeys("The keys cannot be read.")
	}
	return string(out), nil
}

func invalidKeys(detail string) error { return fault.Invalid("key", "not_a_key", detail) }

func parseKeys(text string) ([]jose.JSONWebKey, error) {
	if strings.HasPrefix(text, "-----BEGIN ") {
		return parsePEM([]byte(text))
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(text), &set); err != nil || len(set.Keys) > 0 {
		return set.Keys, err
	}
	var one jose.JSONWebKey
	err := json.Unmarshal([]byte(text), &one)
	return []jose.JSONWebKey{one}, err
}

func parsePEM(text []byte) (keys []jose.JSONWebKey, err error) {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return keys, nil
		}
		text = rest
		var key any
		if strings.Contains(block.Type, "PRIVATE") {
			// It is only told apart, so what it holds does not matter.
			key = []byte(block.Type)
		} else if key, err = x509.ParsePKIXPublicKey(block.Bytes); err != nil {
			return nil, err
		}
		keys = append(keys, jose.JSONWebKey{Key: key})
	}
}

func isPublic(k jose.JSONWebKey) bool {
	_, private := k.Key.(crypto.Signer)
	_, symmetric := k.Key.([]byte)
	return !private && !symmetric
}
