package credential

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// signingBits is the size of a new RSA key.
const signingBits = 2048

// freshSigningKey generates a key that signs ID tokens: base64 of PKCS #8.
func freshSigningKey(random io.Reader) (string, error) {
	private, err := rsa.GenerateKey(random, signingBits)
	if err != nil {
		return "", fmt.Errorf("generate a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", fmt.Errorf("generate a signing key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(der), nil
}

// checkSigningKeys checks whether auth-api could use a ring of signing keys. Each entry has an
// RSA key, and may have others behind points.
func checkSigningKeys(keys string) error {
	ring, err := ringOf(keys)
	if err != nil {
		return err
	}
	if err := checkIDs(ring); err != nil {
		return err
	}
	for _, entry := range ring {
		id, encoded, _ := strings.Cut(entry, ":")
		var hasRSA bool
		for text := range strings.SplitSeq(encoded, ".") {
			der, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return fmt.Errorf("key %s is not base64", id)
			}
			parsed, err := x509.ParsePKCS8PrivateKey(der)
			if err != nil {
				return fmt.Errorf("key %s is not a private key in PKCS #8", id)
			}
			if private, is := parsed.(*rsa.PrivateKey); is {
				if private.N.BitLen() < signingBits {
					return fmt.Errorf("key %s has fewer than %d bits", id, signingBits)
				}
				hasRSA = true
			}
		}
		if !hasRSA {
			return fmt.Errorf("key %s has no RSA key, which every app can check", id)
		}
	}
	return nil
}

// checkIDs refuses a ring with two keys of one id.
func checkIDs(ring []string) error {
	var ids []string
	for _, entry := range ring {
		if slices.Contains(ids, entry[:2]) {
			return errors.New("two keys of the ring have the id " + entry[:2])
		}
		ids = append(ids, entry[:2])
	}
	return nil
}
