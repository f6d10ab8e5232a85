package oauth

import (
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
	id, text, err := ring.Seal(random, sealLabel, plain, boundTo(browser))
	if err != nil {
		return "", fmt.Errorf("seal a request: %w", err)
	}
	return Sealed(id + base64.RawURLEncoding.EncodeToString(text)), nil
}

// open reads a request that was sealed for the browser. Fault: request_expired: it is
// another browser's, it is older than an hour, or it was not made here.
func open(ring *servicekey.Ring, now time.Time, sealed Sealed, browser string) (r Request, err error) {
	text := string(sealed)
	if len(text) <= keyIDSize || browser == "" {
		return Request{}, expired()
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text[keyIDSize:])
	if err != nil {
		return Request{}, expired()
	}
	plain, err := ring.Open(text[:keyIDSize], sealLabel, raw, boundTo(browser))
	if err != nil {
		return Request{}, expired()
	}
	if err := json.Unmarshal(plain, &r); err != nil || now.Sub(madeAt(r.ID)) >= requestLifetime {
		return Request{}, expired()
	}
	return r, nil
}

// boundTo is the additional data of a browser.
func boundTo(browser string) []byte {
	sum := sha256.Sum256([]byte(browser))
	return sum[:]
}

func expired() error {
	return fault.New(fault.RequestExpired, "This page is too old, or was opened in another browser. Go back to the app and sign in from there.")
}
