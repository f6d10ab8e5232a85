// Package servicekey has the service ring: keys that only auth-api has. APIs that verify
// tokens have the token ring, so whatever they must not be able to make needs a key of the
// service ring. These keys are never used directly: each use derives a key of its own from
// a label (HKDF, RFC 5869).
package servicekey

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"auth.books.test/verify/token"
)

// Size is the number of bytes of a derived key.
const Size = 32

// ErrUnknownKey means that the ring has no key with that id: the key was retired, or the
// value that names it was made elsewhere.
var ErrUnknownKey = errors.New("a service key that is not in the ring")

// Ring holds the keys. New values are made with the first key and name its id, so that any
// key of the ring can check them. To rotate, put a new key in front, and remove the old one
// when no value made with it is left. Several goroutines may use a Ring at once.
type Ring struct{ keys []key }

type key struct {
	id             string
	secret, pseudo []byte // pseudo is the pseudorandom key that HKDF extracts from the secret
}

// Parse reads "id:secret[,id:secret]…" by the rules of token.ParseKeyRing: an id is two
// characters of [0-9A-Za-z], a secret is base64 of at least token.MinKeySize bytes. The
// mark :keyed is refused, since it has a meaning for tokens only. Errors never hold a
// secret.
func Parse(s string) (*Ring, error) {
	if _, err := token.ParseKeyRing(s); err != nil {
		return nil, err
	}
	r := &Ring{}
	for _, e := range entries(s) {
		if e.marked {
			return nil, fmt.Errorf("key %s: the mark :%s is for keys of SESSION_DB_TOKEN_KEY only, leave it out", e.id, token.Keyed)
		}
		pseudo, err := hkdf.Extract(sha256.New, e.secret, nil)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", e.id, err)
		}
		r.keys = append(r.keys, key{id: e.id, secret: e.secret, pseudo: pseudo})
	}
	return r, nil
}

// Derive derives the key for a use, of Size bytes, from the first key of the ring, and
// returns that key's id as well. A value made with the derived key must name the id. Keys
// of two labels are independent of each other.
func (r *Ring) Derive(label string) (id string, derived []byte) {
	return r.keys[0].id, r.keys[0].derive(label)
}

// DeriveWith derives the key for a use from the ring's key with that id. Error:
// ErrUnknownKey.
func (r *Ring) DeriveWith(id, label string) ([]byte, error) {
	for _, k := range r.keys {
		if k.id == id {
			return k.derive(label), nil
		}
	}
	return nil, ErrUnknownKey
}

// IDs lists the ids of the ring, the first key's first.
func (r *Ring) IDs() []string {
	ids := make([]string, len(r.keys))
	for i, k := range r.keys {
		ids[i] = k.id
	}
	return ids
}

// SharesSecretWith says whether a key of the ring has the same secret as a key of a token
// ring, which verifiers know, and returns its id. tokenRing has the form that
// token.ParseKeyRing reads.
func (r *Ring) SharesSecretWith(tokenRing string) (id string, shares bool) {
	if _, err := token.ParseKeyRing(tokenRing); err != nil {
		return "", false
	}
	for _, theirs := range entries(tokenRing) {
		for _, ours := range r.keys {
			if bytes.Equal(ours.secret, theirs.secret) {
				return ours.id, true
			}
		}
	}
	return "", false
}

func (k key) derive(label string) []byte {
	derived, err := hkdf.Expand(sha256.New, k.pseudo, label, Size)
	if err != nil {
		panic(err) // It fails only for more than 255 times Size bytes.
	}
	return derived
}

type entry struct {
	id     string
	secret []byte
	marked bool
}

// entries reads a ring that token.ParseKeyRing has accepted.
func entries(s string) (all []entry) {
	// A secret may be in either alphabet of base64: make them one.
	standard := strings.NewReplacer("-", "+", "_", "/", "=", "")
	for text := range strings.SplitSeq(s, ",") {
		id, encoded, _ := strings.Cut(strings.TrimSpace(text), ":")
		encoded, _, marked := strings.Cut(encoded, ":")
		secret, _ := base64.RawStdEncoding.DecodeString(standard.Replace(encoded))
		all = append(all, entry{id: id, secret: secret, marked: marked})
	}
	return all
}
