package token

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// MinKeySize is the smallest size of a key in bytes (RFC 2104, section 3: not less than
// the length of the hash).
const MinKeySize = 32

// ErrUnknownKey means that a token names a key that is not in the ring: the key was
// retired, or the token was made by another installation.
var ErrUnknownKey = errors.New("the access token names an unknown key")

// KeyRing holds the keys that hash tokens. New tokens are made with the first, and tokens
// of all keys are accepted. To rotate, put a new key in front, and remove the old one when
// its last token has expired.
//
// A KeyRing is safe for use by several goroutines.
type KeyRing struct {
	first string
	keys  map[string]*key
}

// key is one key of the ring. Each purpose has its own: hash uses the ring key itself,
// check and record use keys that HKDF derives from it by a label.
type key struct {
	hash, check, record *mac
	// onlyKeyed is true if the key never made a token with an unkeyed checksum.
	onlyKeyed bool
}

// Keyed marks a key of the ring that never made a token of the older form.
const Keyed = "keyed"

// ParseKeyRing parses "id:secret[:keyed][,id:secret[:keyed]…]". An id is two characters of
// [0-9A-Za-z], a secret is base64 (standard or URL, padded or not) of at least MinKeySize
// bytes. Without :keyed, tokens of the older form, with an unkeyed checksum, are accepted
// as well if the store knows them. Anybody can make up such a token, and each costs a read
// of the store. Errors never hold a secret.
func ParseKeyRing(s string) (*KeyRing, error) {
	ring := &KeyRing{keys: map[string]*key{}}
	for i, entry := range strings.Split(s, ",") {
		id, encoded, found := strings.Cut(strings.TrimSpace(entry), ":")
		if !found || len(id) != keyIDLength || !isBase62(id) {
			return nil, fmt.Errorf("key %d: write it as id:secret with an id of %d letters or digits", i+1, keyIDLength)
		}
		encoded, mark, marked := strings.Cut(encoded, ":")
		secret, err := decodeSecret(encoded)
		if err != nil {
			return nil, fmt.Errorf("key %s: the secret is not base64", id)
		}
		if marked && mark != Keyed {
			return nil, fmt.Errorf("key %s: only %q may follow the secret", id, ":"+Keyed)
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
		if ring.keys[id], err = newKey(secret, marked); err != nil {
			return nil, fmt.Errorf("key %s: %w", id, err)
		}
	}
	return ring, nil
}

// Hash returns the keyed hash of the token. Error: ErrUnknownKey.
func (r *KeyRing) Hash(t Token) (Hash, error) {
	k, known := r.keys[t.KeyID()]
	if !known {
		return Hash{}, ErrUnknownKey
	}
	return k.hash.sum(t.raw), nil
}

// SigningKeyID is the id of the first key, which makes new tokens and the MACs of records.
func (r *KeyRing) SigningKeyID() string { return r.first }

// KeyIDs lists the ids of all keys, the signing one first.
func (r *KeyRing) KeyIDs() []string {
	ids := []string{r.first}
	for id := range r.keys {
		if id != r.first {
			ids = append(ids, id)
		}
	}
	return ids
}

func newKey(secret []byte, onlyKeyed bool) (*key, error) {
	k := &key{hash: newMAC(secret), onlyKeyed: onlyKeyed}
	for label, derived := range map[string]**mac{checkLabel: &k.check, recordLabel: &k.record} {
		secret, err := hkdf.Key(sha256.New, secret, nil, label, HashSize)
		if err != nil {
			return nil, fmt.Errorf("derive the key for %q: %w", label, err)
		}
		*derived = newMAC(secret)
	}
	return k, nil
}

func decodeSecret(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	if strings.ContainsAny(s, "-_") {
		return base64.RawURLEncoding.Strict().DecodeString(s)
	}
	return base64.RawStdEncoding.Strict().DecodeString(s)
}
