package sealing

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/bitnami/sealed-secrets/pkg/crypto"
)

const (
	keyBits = 4096
	// validFor is long: a key that is for good needs no renewal.
	validFor = 100 * 365 * 24 * time.Hour
)

// NewKey makes a key for a controller: the private key and its certificate, in PEM.
func NewKey(commonName string) (privateKey, certificate []byte, err error) {
	key, cert, err := crypto.GeneratePrivateKeyAndCert(keyBits, validFor, commonName)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("write the key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), nil
}
