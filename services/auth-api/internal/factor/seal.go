package factor

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"io"

	"github.com/google/uuid"
)

// sealLabel is the label of the key that encrypts secrets.
const sealLabel = "totp secret"

// sealed is an encrypted secret: the nonce, then the text of AES-256-GCM.
type sealed struct {
	// key is the id of the service key.
	key  string
	text []byte
}

// seal encrypts a secret for one account: put into another account's row, it is of no use.
func (s *Service) seal(account uuid.UUID, secret []byte) (sealed, error) {
	id, key := s.ring.Derive(sealLabel)
	aead, err := newAEAD(key)
	if err != nil {
		return sealed{}, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(s.random, nonce); err != nil {
		return sealed{}, fmt.Errorf("encrypt a secret: %w", err)
	}
	return sealed{id, aead.Seal(nonce, nonce, secret, account[:])}, nil
}

// open decrypts a secret. It fails if the service key was retired, or the row was tampered with.
func (s *Service) open(account uuid.UUID, from sealed) ([]byte, error) {
	key, err := s.ring.DeriveWith(from.key, sealLabel)
	if err != nil {
		return nil, fmt.Errorf("decrypt a secret: %w", err)
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	if len(from.text) < aead.NonceSize() {
		return nil, fmt.Errorf("decrypt a secret: it has %d bytes", len(from.text))
	}
	secret, err := aead.Open(nil, from.text[:aead.NonceSize()], from.text[aead.NonceSize():], account[:])
	if err != nil {
		return nil, fmt.Errorf("decrypt a secret: %w", err)
	}
	return secret, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	return aead, nil
}
