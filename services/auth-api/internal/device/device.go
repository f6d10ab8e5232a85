package device

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/servicekey"
)

const (
	// Prefix begins every device token.
	Prefix = "bdv"
	// Lifetime is how long a device is known after the last sign-in on it.
	Lifetime = 400 * 24 * time.Hour

	label     = "device"
	keyIDSize = 2
	macSize   = 16
	bodySize  = 16 + 16 + 8 + 8
	// tokenSize is the length of a token: the body and the MAC are 64 bytes.
	tokenSize = len(Prefix) + keyIDSize + (bodySize+macSize)*8/6 + 1
)

// Token is a device token. It formats as "[device token]", so that logs do not show it.
type Token struct{ text string }

// Reveal returns the token's text.
func (t Token) Reveal() string { return t.text }

// String hides the token.
func (Token) String() string { return "[device token]" }

// GoString hides the token.
func (t Token) GoString() string { return t.String() }

// LogValue hides the token.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Device is a device that is known to an account. The zero Device is a stranger.
type Device struct {
	// ID stays the same as long as the device sends its token.
	ID uuid.UUID
	// Account is whom it is known to, with this version of the password.
	Account         uuid.UUID
	PasswordVersion int64
}

// IsKnown says whether the device is known to the account.
func (d Device) IsKnown(account uuid.UUID, passwordVersion int64) bool {
	return d.ID != uuid.Nil && d.Account == account && d.PasswordVersion == passwordVersion
}

// Knows is what the device knows: all devices that know the same share a limit. Those that
// know an older password are not among them. A stranger knows "".
func (d Device) Knows() string {
	if d.ID == uuid.Nil {
		return ""
	}
	return fmt.Sprintf("%s/%d", d.Account, d.PasswordVersion)
}

// Tokens makes and reads device tokens.
type Tokens struct {
	ring   *servicekey.Ring
	random io.Reader
	now    func() time.Time
}

// New makes Tokens.
func New(ring *servicekey.Ring, random io.Reader, now func() time.Time) *Tokens {
	return &Tokens{ring: ring, random: random, now: now}
}

// Issue makes the token of a device on which somebody has just signed in. A device that was
// known to the account keeps its id.
func (t *Tokens) Issue(before Device, account uuid.UUID, passwordVersion int64) (Token, error) {
	id := before.ID
	if id == uuid.Nil || before.Account != account {
		var err error
		if id, err = uuid.NewRandomFromReader(t.random); err != nil {
			return Token{}, fmt.Errorf("make a device's id: %w", err)
		}
	}
	body := make([]byte, 0, bodySize+macSize)
	body = append(append(body, id[:]...), account[:]...)
	body = binary.BigEndian.AppendUint64(body, uint64(passwordVersion))
	body = binary.BigEndian.AppendUint64(body, uint64(t.now().Unix()))
	keyID, key := t.ring.Derive(label)
	return Token{Prefix + keyID + base64.RawURLEncoding.EncodeToString(append(body, macOf(key, body)...))}, nil
}

// Read returns the device of a token. Whatever is not a valid token is a stranger's: there
// is nothing that its sender could do about it, other than sign in.
func (t *Tokens) Read(text string) Device {
	if len(text) != tokenSize || text[:len(Prefix)] != Prefix {
		return Device{}
	}
	key, err := t.ring.DeriveWith(text[len(Prefix):len(Prefix)+keyIDSize], label)
	if err != nil {
		return Device{}
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text[len(Prefix)+keyIDSize:])
	if err != nil || len(raw) != bodySize+macSize {
		return Device{}
	}
	body := raw[:bodySize]
	if !hmac.Equal(raw[bodySize:], macOf(key, body)) {
		return Device{}
	}
	issued := time.Unix(int64(binary.BigEndian.Uint64(body[40:48])), 0)
	if t.now().Sub(issued) >= Lifetime {
		return Device{}
	}
	return Device{ID: uuid.UUID(body[:16]), Account: uuid.UUID(body[16:32]), PasswordVersion: int64(binary.BigEndian.Uint64(body[32:40]))}
}

func macOf(key, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return mac.Sum(nil)[:macSize]
}
