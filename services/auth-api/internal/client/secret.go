package client

import (
	"crypto/sha256"
	"crypto/subtle"
	"io"

	"auth.books.test/verify/token"
)

// Prefix begins every client's secret.
const Prefix = "bcs_"

// secretHash is SHA-256 of a secret.
type secretHash [sha256.Size]byte

func newSecret(random io.Reader) (secret string, hash secretHash, err error) {
	secret, err = token.MintSecret(random, Prefix)
	return secret, sha256.Sum256([]byte(secret)), err
}

// matches compares the secret with every hash in constant time.
func matches(secret string, hashes []secretHash) bool {
	given, found := sha256.Sum256([]byte(secret)), 0
	for _, h := range hashes {
		found |= subtle.ConstantTimeCompare(given[:], h[:])
	}
	return found == 1
}
