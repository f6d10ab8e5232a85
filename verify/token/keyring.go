package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"
)

// MinKeySize is the least number of bytes of a key (RFC 2104, section 3: not
// less than the length of the hash).
const MinKeySize = 32

// ErrUnknownKey says that a token names a key that the ring does not hold: the
// key was retired, or the token was made elsewhere.
var ErrUnknownKey = errors.New("access token of an unknown key")

// KeyRing holds the keys that hash tokens. The first one signs, that is, new
// tokens carry its id; all of them verify. To rotate, put a new key in front,
// and drop the old one when its last token has expired.
//
// A KeyRing is safe for use by several goroutines.
type KeyRing struct {
	first string
	keys  map[string]*key
}

type key struct{ states sync.Pool }

// ParseKeyRing reads "id:secret[,id:secret…]". An id is two characters of
// [0-9A-Za-z], a secret is base64 (standard or URL, padded or not) of at least
// MinKeySize bytes. Errors never hold a secret.
func ParseKeyRing(s string) (*KeyRing, error) {
	ring := &KeyRing{keys: map[string]*key{}}
	for i, entry := range strings.Split(s, ",") {
		id, encoded, found := strings.Cut(strings.TrimSpace(entry), ":")
		if !found || len(id) != keyIDLength || !isBase62(id) {
			return nil, fmt.Errorf("key %d: write it as id:secret with an id of %d letters or digits", i+1, keyIDLength)
		}
		secret, err := decodeSecret(encoded)
		if err != nil {
			return nil, fmt.Errorf("key %s: the secret is not base64", id)
		}
		if len(secret) < MinKeySize {
			return nil, fmt.Errorf("key %s: the secret has %d bytes, at least %d are needed (openssl rand -base64 32)", id, len(secret), MinKeySize)
		}
		if _, twice := ring.keys[id]; twice {
			return nil, fmt.Errorf("key %s stands in the ring twice", id)
		}
		if ring.first == "" {
			ring.first = id
		}
		ring.keys[id] = newKey(secret)
	}
	return ring, nil
}

// Mint makes a new token under the first key, with 256 bits read from random,
// and its hash.
func (r *KeyRing) Mint(random io.Reader) (Token, Hash, error) {
	t, err := mint(random, r.first)
	if err != nil {
		return Token{}, Hash{}, err
	}
	h, err := r.Hash(t)
	return t, h, err
}

// Hash returns the keyed hash of the token. Error: ErrUnknownKey.
func (r *KeyRing) Hash(t Token) (Hash, error) {
	k, known := r.keys[t.KeyID()]
	if !known {
		return Hash{}, ErrUnknownKey
	}
	return k.sum(t.raw), nil
}

// KeyIDs lists the ids of the ring, the signing one first, without secrets.
func (r *KeyRing) KeyIDs() []string {
	ids := []string{r.first}
	for id := range r.keys {
		if id != r.first {
			ids = append(ids, id)
		}
	}
	return ids
}

func newKey(secret []byte) *key {
	k := &key{}
	k.states.New = func() any { return &state{mac: hmac.New(sha256.New, secret)} }
	return k
}

// state is a keyed HMAC that is kept between tokens: setting one up costs two
// blocks of SHA-256, as much as the token itself.
type state struct {
	mac hash.Hash
	in  [Length]byte
	out [HashSize]byte
}

func (k *key) sum(s string) Hash {
	st := k.states.Get().(*state)
	defer k.states.Put(st)
	st.mac.Reset()
	st.mac.Write(st.in[:copy(st.in[:], s)])
	h := Hash(st.mac.Sum(st.out[:0]))
	clear(st.in[:])
	return h
}

func decodeSecret(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	if strings.ContainsAny(s, "-_") {
		return base64.RawURLEncoding.Strict().DecodeString(s)
	}
	return base64.RawStdEncoding.Strict().DecodeString(s)
}
