package oauth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/servicekey"
)

const (
	sealLabel = "authorization request"
	keyIDSize = 2
	// requestLifetime is how long a person may take to sign in and to answer.
	requestLifetime = time.Hour
)

// Sealed is a request that travels through the browser: in the URL of the pages that ask the
// person, and in their forms. Only auth-api can read or make it, so it is also what proves
// that a form is ours.
type Sealed string

// seal seals a request for one browser.
func seal(ring *servicekey.Ring, random io.Reader, r Request, browser string) (Sealed, error) {
	plain, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("seal a request: %w", err)
	}
	id, key := ring.Derive(sealLabel)
	aead, err := newAEAD(key)
	if err != nil {
		return "", fmt.Errorf("seal a request: %w", err)
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return "", fmt.Errorf("seal a request: %w", err)
	}
	return Sealed(id + base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, boundTo(browser)))), nil
}

// open reads a request that was sealed for the browser. Fault: request_expired: it is
// another browser's, it is older than an hour, or it was not made here.
func open(ring *servicekey.Ring, now time.Time, sealed Sealed, browser string) (r Request, err error) {
	text := string(sealed)
	if len(text) <= keyIDSize || browser == "" {
		return Request{}, expired()
	}
	key, err := ring.DeriveWith(text[:keyIDSize], sealLabel)
	if err != nil {
		return Request{}, expired()
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text[keyIDSize:])
	if err != nil {
		return Request{}, expired()
	}
	aead, err := newAEAD(key)
	if err != nil {
		return Request{}, fmt.Errorf("open a request: %w", err)
	}
	if len(raw) < aead.NonceSize() {
		return Request{}, expired()
	}
	plain, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], boundTo(browser))
	if err != nil {
		return Request{}, expired()
	}
	if err := json.Unmarshal(plain, &r); err != nil || now.Sub(madeAt(r.ID)) >= requestLifetime {
		return Request{}, expired()
	}
	return r, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// boundTo is the additional data of a browser.
func boundTo(browser string) []byte {
	sum := sha256.Sum256([]byte(browser))
	return sum[:]
}

func expired() error {
	return fault.New(fault.RequestExpired, "This page is too old, or was opened in another browser. Go back to the app and sign in from there.")
}
