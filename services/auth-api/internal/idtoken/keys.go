package idtoken

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// minRSA is the smallest RSA key in bits (RFC 7518, section 3.3).
const minRSA = 2048

// Keys are the signing keys. The first of each algorithm signs; all are published. To rotate,
// add a new key at the end, so that every client has read it when it begins to sign, then put
// it first, and remove the old one when the last token that it signed has expired.
type Keys struct{ keys []key }

type key struct {
	id        string
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
}

// ParseKeys reads "id:key[.key][,id:key[.key]]…": an id is two characters of [0-9A-Za-z], by
// which a rotation tells keys apart, a key is base64 of a private key in PKCS #8. Each entry
// has an RSA key of at least 2048 bits for RS256, which every client can check, and may have
// one of P-256 for ES256. Errors never hold a key.
func ParseKeys(s string) (*Keys, error) {
	k := &Keys{}
	for n, entry := range strings.Split(s, ",") {
		id, encoded, found := strings.Cut(strings.TrimSpace(entry), ":")
		if !found || len(id) != 2 {
			return nil, fmt.Errorf("signing key %d: write it as id:key, with an id of two letters or digits", n+1)
		}
		before := len(k.keys)
		for text := range strings.SplitSeq(encoded, ".") {
			one, err := decode(text)
			if err != nil {
				return nil, fmt.Errorf("signing key %s: %w", id, err)
			}
			if slices.ContainsFunc(k.keys, func(other key) bool { return other.id == one.id }) {
				return nil, fmt.Errorf("signing key %s is there twice", id)
			}
			k.keys = append(k.keys, one)
		}
		if !slices.ContainsFunc(k.keys[before:], func(one key) bool { return one.algorithm == jose.RS256 }) {
			return nil, fmt.Errorf("signing key %s has no RSA key: clients expect RS256 unless they are told otherwise (openssl genpkey -algorithm RSA -outform DER | base64 -w0)", id)
		}
	}
	return k, nil
}

func decode(text string) (key, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return key{}, errors.New("it is not base64")
	}
	return parseKey(der)
}

func parseKey(der []byte) (key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return key{}, errors.New("it is not a private key in PKCS #8")
	}
	one := key{}
	switch private := parsed.(type) {
	case *rsa.PrivateKey:
		if private.N.BitLen() < minRSA {
			return key{}, fmt.Errorf("an RSA key has at least %d bits", minRSA)
		}
		one.algorithm, one.private = jose.RS256, private
	case *ecdsa.PrivateKey:
		if private.Curve != elliptic.P256() {
			return key{}, errors.New("an elliptic curve has to be P-256")
		}
		one.algorithm, one.private = jose.ES256, private
	default:
		return key{}, errors.New("it is neither RSA nor P-256")
	}
	// The thumbprint (RFC 7638) names the key: two keys never have one id.
	sum, err := (&jose.JSONWebKey{Key: one.private.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return key{}, fmt.Errorf("name the key: %w", err)
	}
	one.id = base64.RawURLEncoding.EncodeToString(sum)
	return one, nil
}

func (k *Keys) signing(algorithm jose.SignatureAlgorithm) (key, bool) {
	for _, one := range k.keys {
		if one.algorithm == algorithm {
			return one, true
		}
	}
	return key{}, false
}

// Algorithms are those that the keys can sign with.
func (k *Keys) Algorithms() (names []string) {
	for _, algorithm := range []jose.SignatureAlgorithm{jose.RS256, jose.ES256} {
		if _, found := k.signing(algorithm); found {
			names = append(names, string(algorithm))
		}
	}
	return names
}

// Public is the set of public keys (RFC 7517, section 5).
func (k *Keys) Public() (set jose.JSONWebKeySet) {
	for _, one := range k.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: one.private.Public(), KeyID: one.id, Algorithm: string(one.algorithm), Use: "sig"})
	}
	return set
}
