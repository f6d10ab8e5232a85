package sealing

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/bitnami/sealed-secrets/pkg/crypto"
)

// minKeyBits refuses keys that can be broken (NIST SP 800-131A); the controller's have 4096 bits.
const minKeyBits = 2048

// Certificate is a controller's certificate: what is sealed for it, the controller opens.
type Certificate struct {
	NotBefore, NotAfter time.Time
	// Fingerprint names its key: two certificates of one key open the same.
	Fingerprint string
	key         *rsa.PublicKey
}

// ParseCertificate reads one certificate in PEM, as the controller has it. It does not look at the time.
func ParseCertificate(text []byte) (Certificate, error) {
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return Certificate{}, errors.New("the certificate is not PEM")
	case block.Type != "CERTIFICATE":
		return Certificate{}, fmt.Errorf("it holds a %s, not a CERTIFICATE", block.Type)
	case len(bytes.TrimSpace(rest)) > 0:
		return Certificate{}, errors.New("it holds more than one certificate: keep the newest of the controller's alone")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Certificate{}, fmt.Errorf("read the certificate: %w", err)
	}
	key, ok := parsed.PublicKey.(*rsa.PublicKey)
	if !ok {
		return Certificate{}, fmt.Errorf("the certificate is of a key of the kind %s, and the controller opens only what is sealed for RSA", parsed.PublicKeyAlgorithm)
	}
	if key.N.BitLen() < minKeyBits {
		return Certificate{}, fmt.Errorf("the certificate's key has %d bits, at least %d are needed", key.N.BitLen(), minKeyBits)
	}
	fingerprint, err := crypto.PublicKeyFingerprint(key)
	if err != nil {
		return Certificate{}, fmt.Errorf("name the certificate's key: %w", err)
	}
	return Certificate{parsed.NotBefore, parsed.NotAfter, fingerprint, key}, nil
}

// Valid says why nothing should be sealed for the certificate now.
func (c Certificate) Valid(now time.Time) error {
	if now.After(c.NotAfter) {
		return fmt.Errorf("the certificate expired on %s", c.NotAfter.UTC().Format(time.DateOnly))
	}
	if now.Before(c.NotBefore) {
		return fmt.Errorf("the certificate is not valid before %s; is this machine's clock right?", c.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

// Belongs says whether a private key in PEM is the certificate's.
func (c Certificate) Belongs(privateKey []byte) (bool, error) {
	key, err := parseKey(privateKey)
	if err != nil {
		return false, err
	}
	return key.PublicKey.Equal(c.key), nil
}

// For says whether the private key in PEM opens what the sealer seals.
func (s *Sealer) For(privateKey []byte) bool {
	belongs, err := s.certificate.Belongs(privateKey)
	return err == nil && belongs
}
