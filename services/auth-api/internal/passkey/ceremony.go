package passkey

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const (
	// Lifetime is how long a ceremony may take.
	Lifetime  = 5 * time.Minute
	sealLabel = "passkey ceremony"
	keyIDSize = 2
)

// Begun has the options for a browser, and the ceremony that they belong to.
type Begun struct {
	// Options are what navigator.credentials takes as publicKey, in the JSON form of the
	// standard (section 5.1.8 and 5.1.9).
	Options json.RawMessage
	// Ceremony is to be sent back with what the browser has returned.
	Ceremony string
}

// purpose is what a ceremony is for. One that was begun for another purpose is void.
type purpose string

const (
	toAdd        purpose = "add"
	toSignIn     purpose = "sign in"
	toSecondStep purpose = "second step"
)

// ceremony is what the service has to remember of options that it has given out.
type ceremony struct {
	Expires time.Time
	// Account is uuid.Nil as long as nobody knows who signs in; Session is that in which a
	// passkey is added.
	Account, Session uuid.UUID
	// Data is the library's, whole: with a field less it would check less.
	Data webauthn.SessionData
	hash []byte
}

// begun seals a ceremony.
func (s *Service) begun(options any, p purpose, c ceremony) (Begun, error) {
	c.Expires = s.Now().Add(Lifetime)
	plain, err := json.Marshal(c)
	if err != nil {
		return Begun{}, fmt.Errorf("begin a ceremony: %w", err)
	}
	id, sealed, err := s.Ring.Seal(s.Random, sealLabel, plain, []byte(p))
	if err != nil {
		return Begun{}, fmt.Errorf("begin a ceremony: %w", err)
	}
	shown, err := json.Marshal(options)
	if err != nil {
		return Begun{}, fmt.Errorf("begin a ceremony: %w", err)
	}
	return Begun{Options: shown, Ceremony: id + base64.RawURLEncoding.EncodeToString(sealed)}, nil
}

// open reads a ceremony. Fault: request_expired.
func (s *Service) open(text string, p purpose) (c ceremony, err error) {
	if len(text) <= keyIDSize {
		return ceremony{}, Expired()
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text[keyIDSize:])
	if err != nil {
		return ceremony{}, Expired()
	}
	plain, err := s.Ring.Open(text[:keyIDSize], sealLabel, sealed, []byte(p))
	if err != nil {
		return ceremony{}, Expired()
	}
	if err := json.Unmarshal(plain, &c); err != nil || !s.Now().Before(c.Expires) {
		return ceremony{}, Expired()
	}
	sum := sha256.Sum256([]byte(text))
	c.hash = sum[:]
	return c, nil
}

// spend ends a ceremony: of two at once, one wins. Fault: request_expired.
func spend(ctx context.Context, tx pgx.Tx, c ceremony) error {
	tag, err := tx.Exec(ctx, `INSERT INTO spent_ceremonies (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, c.hash, c.Expires)
	if err != nil {
		return fmt.Errorf("end a ceremony: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return Expired()
	}
	return nil
}
