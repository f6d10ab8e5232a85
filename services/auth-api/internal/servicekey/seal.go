package servicekey

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
)

// ErrBroken means that a sealed text is not what Seal made, or was made for something else.
var ErrBroken = errors.New("a sealed text that was not made here, or not for this")

// Seal encrypts a text (AES-256-GCM) with the key that the first key of the ring gives for the
// label, and returns that key's id as well. bound says what the text is for, such as an account
// or a browser: only who knows it can open the text.
func (r *Ring) Seal(random io.Reader, label string, plain, bound []byte) (id string, sealed []byte, err error) {
	id, key := r.Derive(label)
	aead, err := newAEAD(key)
	if err != nil {
		return "", nil, fmt.Errorf("seal: %w", err)
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return "", nil, fmt.Errorf("seal: %w", err)
	}
	return id, aead.Seal(nonce, nonce, plain, bound), nil
}

// Open decrypts what Seal has made with the key of that id. Errors: ErrUnknownKey, ErrBroken.
func (r *Ring) Open(id, label string, sealed, bound []byte) ([]byte, error) {
	key, err := r.DeriveWith(id, label)
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, fmt.Errorf("open what was sealed: %w", err)
	}
	if len(sealed) < aead.NonceSize() {
		return nil, ErrBroken
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], bound)
	if err != nil {
		return nil, ErrBroken
	}
	return plain, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
