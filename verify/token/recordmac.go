package token

// recordLabel derives the key of records from a ring key, and begins the hashed bytes.
const recordLabel = "record"

// RecordMACSize is the number of bytes of a RecordMAC.
const RecordMACSize = 16

// RecordMAC returns the first 16 bytes of HMAC-SHA-256 over the label "record", the
// version in one byte, the token's hash and the record's body. Its key is derived from the
// ring key with that id. So a program that can write to Redis, but has no ring, can neither
// change a record nor copy it to another token. Error: ErrUnknownKey.
func (r *KeyRing) RecordMAC(keyID string, version byte, h Hash, body []byte) (sum [RecordMACSize]byte, err error) {
	k, known := r.keys[keyID]
	if !known {
		return sum, ErrUnknownKey
	}
	st := k.record.states.Get().(*state)
	defer k.record.states.Put(st)
	st.mac.Reset()
	head := append(append(append(st.in[:0], recordLabel...), version), h[:]...)
	st.mac.Write(head)
	st.mac.Write(body)
	copy(sum[:], st.mac.Sum(st.out[:0]))
	return sum, nil
}
