package refresh

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strings"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/servicekey"
	"auth.books.test/verify/token"
)

const (
	prefix     = string(token.Refresh) + "_"
	keyIDSize  = 2
	bodyStart  = len(prefix) + keyIDSize + 1
	secretSize = 32
	checkSize  = 8
	signedSize = 16 + 4 + secretSize
	bodySize   = signedSize + checkSize
	// bodyLength is how many base62 digits 480 bits take.
	bodyLength = 81
	// Length is the number of bytes of every refresh token.
	Length = bodyStart + bodyLength

	// Labels of the keys that are derived from the service ring.
	checkLabel     = "refresh check"
	hashLabel      = "refresh hash"
	successorLabel = "refresh successor"

	digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" // those of big.Int.Text
)

// ErrInvalid means that a string is not a refresh token that the service ring has made.
var ErrInvalid = errors.New("not a refresh token of this service")

// Token is a refresh token. Its String hides the secret.
type Token struct {
	// Authorization is the family that the token refreshes.
	Authorization uuid.UUID
	// Generation counts the tokens of the family, from 1.
	Generation uint32
	text       string
}

// Reveal returns the usable token. Only the response to its client may contain it.
func (t Token) Reveal() string { return t.text }

// String shows type and key id only.
func (t Token) String() string {
	if t.text == "" {
		return "(no token)"
	}
	return t.text[:bodyStart] + "…"
}

// GoString is String, for %#v.
func (t Token) GoString() string { return t.String() }

// LogValue is String, for log/slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Hash is the keyed hash under which a token is stored.
type Hash [sha256.Size]byte

// Tokens makes and reads refresh tokens.
type Tokens struct{ ring *servicekey.Ring }

// New makes Tokens with keys of the service ring.
func New(ring *servicekey.Ring) *Tokens { return &Tokens{ring: ring} }

// Draw makes a token under the ring's first key, with a secret read from random.
func (t *Tokens) Draw(random io.Reader, authorization uuid.UUID, generation uint32) (Token, error) {
	id, key := t.ring.Derive(checkLabel)
	return draw(random, id, key, authorization, generation)
}

func draw(random io.Reader, id string, key []byte, authorization uuid.UUID, generation uint32) (Token, error) {
	body := make([]byte, signedSize, bodySize)
	copy(body, authorization[:])
	binary.BigEndian.PutUint32(body[16:], generation)
	if _, err := io.ReadFull(random, body[20:]); err != nil {
		return Token{}, fmt.Errorf("make a refresh token: %w", err)
	}
	body = append(body, checkOf(key, id, body)...)
	text := new(big.Int).SetBytes(body).Text(62)
	text = prefix + id + "_" + strings.Repeat("0", bodyLength-len(text)) + text
	return Token{Authorization: authorization, Generation: generation, text: text}, nil
}

// Parse reads a token and verifies its check. Error: ErrInvalid.
func (t *Tokens) Parse(text string) (Token, error) {
	if len(text) != Length || text[:len(prefix)] != prefix || text[bodyStart-1] != '_' {
		return Token{}, ErrInvalid
	}
	for n := bodyStart; n < Length; n++ {
		if strings.IndexByte(digits, text[n]) < 0 {
			return Token{}, ErrInvalid
		}
	}
	number, ok := new(big.Int).SetString(text[bodyStart:], 62)
	if !ok || number.BitLen() > 8*bodySize {
		return Token{}, ErrInvalid
	}
	id := text[len(prefix) : bodyStart-1]
	key, err := t.ring.DeriveWith(id, checkLabel)
	if err != nil {
		return Token{}, ErrInvalid
	}
	body := number.FillBytes(make([]byte, bodySize))
	if !hmac.Equal(body[signedSize:], checkOf(key, id, body[:signedSize])) {
		return Token{}, ErrInvalid
	}
	return Token{Authorization: uuid.UUID(body[:16]), Generation: binary.BigEndian.Uint32(body[16:]), text: text}, nil
}

func checkOf(key []byte, id string, body []byte) []byte {
	return sum(key, []byte(id), body)[:checkSize]
}

// Hash returns the keyed hash of a token that Parse or Draw has returned.
func (t *Tokens) Hash(of Token) (Hash, error) {
	key, err := t.ring.DeriveWith(of.text[len(prefix):bodyStart-1], hashLabel)
	if err != nil {
		return Hash{}, fmt.Errorf("hash a refresh token: %w", err)
	}
	return Hash(sum(key, []byte(of.text))), nil
}

func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}
