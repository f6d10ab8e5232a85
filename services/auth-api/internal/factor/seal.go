package factor

import (
	"fmt"

	"github.com/google/uuid"
)

// sealLabel is the label of the key that encrypts secrets.
const sealLabel = "totp secret"

// sealed is an encrypted secret.
type sealed struct {
	// key is the id of the service key.
	key  string
	text []byte
}

// seal encrypts a secret for one account: put into another account's row, it is of no use.
func (s *Service) seal(account uuid.UUID, secret []byte) (sealed, error) {
	id, text, err := s.ring.Seal(s.random, sealLabel, secret, account[:])
	if err != nil {
		return sealed{}, fmt.Errorf("encrypt a secret: %w", err)
	}
	return sealed{id, text}, nil
}

// open decrypts a secret. It fails if the service key was retired, or the row was tampered with.
func (s *Service) open(account uuid.UUID, from sealed) ([]byte, error) {
	secret, err := s.ring.Open(from.key, sealLabel, from.text, account[:])
	if err != nil {
		return nil, fmt.Errorf("decrypt a secret: %w", err)
	}
	return secret, nil
}
