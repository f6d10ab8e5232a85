package client_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"
)

// key is a pair of keys of a client, in the forms in which it may be given.
type key struct {
	signer                 jose.Signer
	public, jwk, pem       string
	privateJWK, privatePEM string
}

func newKey(t *testing.T, kind string) key {
	t.Helper()
	var private crypto.Signer
	var err error
	algorithm := jose.RS256
	switch kind {
	case "RSA", "RSA-PSS":
		private, err = rsa.GenerateKey(rand.Reader, 2048)
		if kind == "RSA-PSS" {
			algorithm = jose.PS256
		}
	case "P-256":
		algorithm = jose.ES256
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "P-384":
		algorithm = jose.ES384
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "EdDSA", "Ed25519":
		algorithm = jose.SignatureAlgorithm(kind)
		_, private, err = ed25519.GenerateKey(rand.Reader)
	}
	must(t, err)
	k := key{}
	signing := jose.SigningKey{Algorithm: algorithm, Key: private}
	if kind == "Ed25519" {
		signing.Key = edwardsSigner{private}
	}
	k.signer, err = jose.NewSigner(signing, nil)
	must(t, err)
	k.jwk, k.privateJWK = marshal(t, jose.JSONWebKey{Key: private.Public()}), marshal(t, jose.JSONWebKey{Key: private})
	k.public = `{"keys":[` + k.jwk + `]}`
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	must(t, err)
	k.pem = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	der, err = x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	k.privatePEM = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return k
}

// edwardsSigner signs under the name of RFC 9864, which go-jose does not know yet.
type edwardsSigner struct{ crypto.Signer }

func (s edwardsSigner) Public() *jose.JSONWebKey { return &jose.JSONWebKey{Key: s.Signer.Public()} }

func (edwardsSigner) Algs() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{"Ed25519"} }

func (s edwardsSigner) SignPayload(payload []byte, _ jose.SignatureAlgorithm) ([]byte, error) {
	return s.Sign(rand.Reader, payload, crypto.Hash(0))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

// claims are those of an assertion.
type claims map[string]any

func claimsOf(id uuid.UUID) claims { return claimsAt(id, time.Now()) }

func claimsAt(id uuid.UUID, now time.Time) claims {
	return claims{"iss": id.String(), "sub": id.String(), "aud": issuer, "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
}

func (k key) sign(t *testing.T, c claims) string {
	t.Helper()
	text, err := jwt.Signed(k.signer).Claims(map[string]any(c)).Serialize()
	must(t, err)
	return text
}

func unsigned(t *testing.T, c claims) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none"}`)) + "." + encode([]byte(marshal(t, c))) + "."
}

// hmacWith signs with HS256, and the public key as the secret.
func hmacWith(t *testing.T, secret string, c claims) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(secret)}, nil)
	must(t, err)
	return key{signer: signer}.sign(t, c)
}
