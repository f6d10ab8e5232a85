package foreign

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// maxSigner is the longest signer key, in bytes. Firebase's have 64.
const maxSigner = 128

// FirebaseKeys are the parameters of a project's hashes, as Firebase's console shows them:
// base64_signer_key, base64_salt_separator, rounds and mem_cost. A hash may have its own.
type FirebaseKeys struct {
	SignerKey     string `json:"signerKey"`
	SaltSeparator string `json:"saltSeparator"`
	Rounds        uint64 `json:"rounds"`
	MemCost       uint64 `json:"memCost"`
}

type firebaseText struct {
	Hash string `json:"hash"`
	Salt string `json:"salt"`
	FirebaseKeys
}

// firebaseHash is Firebase's variant of scrypt: the derived key encrypts the signer key
// (github.com/firebase/scrypt).
type firebaseHash struct {
	scryptCosts
	signer, separator, salt, tag []byte
}

func parseFirebase(text string, keys FirebaseKeys) (scheme, error) {
	var t firebaseText
	if json.Unmarshal([]byte(text), &t) != nil {
		return nil, refuse(Malformed, "not a JSON object with hash and salt")
	}
	if t.SignerKey == "" && t.SaltSeparator == "" && t.Rounds == 0 && t.MemCost == 0 {
		t.FirebaseKeys = keys
	}
	if t.SignerKey == "" || t.Rounds == 0 || t.MemCost == 0 {
		return nil, refuse(Malformed, "the signer key, the rounds or the memory cost is missing, in the line and in the options")
	}
	h := firebaseHash{scryptCosts: scryptCosts{t.MemCost, t.Rounds, 1}}
	if err := h.check(); err != nil {
		return nil, err
	}
	for to, from := range map[*[]byte]string{&h.signer: t.SignerKey, &h.separator: t.SaltSeparator, &h.salt: t.Salt, &h.tag: t.Hash} {
		decoded, err := eitherBase64(from)
		if err != nil {
			return nil, err
		}
		*to = decoded
	}
	if len(h.signer) < minTag || len(h.signer) > maxSigner || len(h.tag) != len(h.signer) || len(h.separator) > maxSalt {
		return nil, refuse(Malformed, "the hash is not as long as the signer key, or a length is wrong")
	}
	return h, sized(h.salt, h.tag)
}

// eitherBase64 reads both alphabets: Firebase's command line exports one, its API the other.
func eitherBase64(s string) ([]byte, error) {
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	b, err := base64.RawStdEncoding.Strict().DecodeString(plain)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return nil, refuse(Malformed, "a value is not base64")
	}
	return b, nil
}

func (h firebaseHash) format() Format { return Firebase }
func (h firebaseHash) text() string {
	text, err := json.Marshal(firebaseText{raw(h.tag), raw(h.salt), FirebaseKeys{raw(h.signer), raw(h.separator), h.r, h.logN}})
	if err != nil {
		return "" // Strings and numbers always encode.
	}
	return string(text)
}

func (h firebaseHash) matches(password []byte) bool {
	key := h.key(password, slices.Concat(h.salt, h.separator), 64)
	if key == nil {
		return false
	}
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		return false
	}
	sealed := make([]byte, len(h.signer))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(sealed, h.signer)
	return equal(sealed, h.tag)
}
