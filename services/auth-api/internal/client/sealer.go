package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/servicekey"
)

// sealLabel is the label of the derived keys, and the beginning of the MAC's input.
const sealLabel = "client record"

// Sealer makes and checks the MACs of clients' records. Somebody who can write to Redis,
// but has no service key, can neither invent a client nor change one. They can restore an
// older record of the same client, which the next Reconcile overwrites.
type Sealer struct {
	first string
	keys  map[string][]byte
}

// NewSealer makes a Sealer that seals with the first key of the ring, and accepts all.
func NewSealer(ring *servicekey.Ring) (*Sealer, error) {
	s := &Sealer{keys: map[string][]byte{}}
	for _, id := range ring.IDs() {
		derived, err := ring.DeriveWith(id, sealLabel)
		if err != nil {
			return nil, err
		}
		s.keys[id] = derived
	}
	s.first, _ = ring.Derive(sealLabel)
	return s, nil
}

// encode returns the fields of a client's record, with the MAC.
func (s *Sealer) encode(id uuid.UUID, r Record) []string {
	return append(r.encode(), fieldMAC, s.first+"."+base64.RawURLEncoding.EncodeToString(mac(s.keys[s.first], id, r)))
}

// Decode reads a client's record from the fields that HGETALL returned. Without fields it
// is the zero Record. A record that is incomplete, or whose MAC is wrong for this client
// and these fields, is an error.
func (s *Sealer) Decode(id uuid.UUID, fields map[string]string) (Record, error) {
	r, err := decodeFields(fields)
	if err != nil || len(fields) == 0 {
		return Record{}, err
	}
	keyID, text, _ := strings.Cut(fields[fieldMAC], ".")
	key, known := s.keys[keyID]
	if !known {
		return Record{}, errRecord
	}
	sum, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || !hmac.Equal(sum, mac(key, id, r)) {
		return Record{}, errRecord
	}
	r.stale = keyID != s.first
	return r, nil
}

// mac is HMAC-SHA-256 over the label, the client's id, and the record's fields and values
// in the order of encode. Each is preceded by its length, so that no two records have the
// same input.
func mac(key []byte, id uuid.UUID, r Record) []byte {
	in := append([]byte(sealLabel), id[:]...)
	for _, word := range r.encode() {
		in = binary.BigEndian.AppendUint32(in, uint32(len(word)))
		in = append(in, word...)
	}
	h := hmac.New(sha256.New, key)
	h.Write(in)
	return h.Sum(nil)
}
