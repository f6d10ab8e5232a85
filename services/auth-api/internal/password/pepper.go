package password

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// minPepperSize is the least number of bytes of a pepper (RFC 2104, section 3).
const minPepperSize = sha256.Size

// ErrUnknownPepper means that a stored hash names a pepper that is not configured.
// Without that key the password cannot be checked; it may be right.
var ErrUnknownPepper = errors.New("the password hash names an unknown pepper")

var pepperID = regexp.MustCompile(`^[0-9A-Za-z]{1,16}$`)

// Peppers are secret keys that go into every password hash, so that a copy of the
// database alone is of no use for guessing (NIST SP 800-63B-4, section 3.1.1.2). New
// hashes use the first, all are accepted. To rotate, put a new one in front and keep
// the old ones as long as a hash names them. The zero value has no pepper.
type Peppers struct {
	first string
	keys  map[string][]byte
}

// ParsePeppers reads "id:secret[,id:secret…]"; an empty string means no pepper. An
// id is 1 to 16 letters or digits, a secret is base64 (standard or URL, padded
// or not) of at least 32 bytes. Errors never hold a secret.
func ParsePeppers(s string) (Peppers, error) {
	if strings.TrimSpace(s) == "" {
		return Peppers{}, nil
	}
	p := Peppers{keys: map[string][]byte{}}
	for i, entry := range strings.Split(s, ",") {
		id, encoded, found := strings.Cut(strings.TrimSpace(entry), ":")
		if !found || !pepperID.MatchString(id) {
			return Peppers{}, fmt.Errorf("pepper %d: write it as id:secret with an id of 1 to 16 letters or digits", i+1)
		}
		encoded = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(encoded, "="))
		secret, err := base64.RawStdEncoding.Strict().DecodeString(encoded)
		if err != nil {
			return Peppers{}, fmt.Errorf("pepper %d: the secret is not base64", i+1)
		}
		if len(secret) < minPepperSize {
			return Peppers{}, fmt.Errorf("pepper %d: the secret has %d bytes, at least %d are needed (openssl rand -base64 32)", i+1, len(secret), minPepperSize)
		}
		if _, twice := p.keys[id]; twice {
			return Peppers{}, fmt.Errorf("pepper %d: its id is used twice", i+1)
		}
		if i == 0 {
			p.first = id
		}
		p.keys[id] = secret
	}
	return p, nil
}

// String keeps the secrets out of logs.
func (p Peppers) String() string { return fmt.Sprintf("%d peppers", len(p.keys)) }

// GoString keeps them out of %#v as well.
func (p Peppers) GoString() string { return p.String() }

// apply returns the input of argon2id: the password in its normal form, or its
// HMAC-SHA-256 under the pepper with that id. golang.org/x/crypto does not offer
// argon2's own secret input.
func (p Peppers) apply(keyID, password string) ([]byte, error) {
	normal := normalise(password)
	if keyID == "" {
		return []byte(normal), nil
	}
	key, known := p.keys[keyID]
	if !known {
		return nil, fmt.Errorf("%w: %s", ErrUnknownPepper, keyID)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(normal))
	return mac.Sum(nil), nil
}
