package password

import (
	"crypto/subtle"
	"fmt"
	"io"
)

// Hasher turns passwords into PHC strings and compares them, with argon2id
// (RFC 9106). It is safe for use by several goroutines if its source of
// randomness is.
//
// It does not bound how many hashes run at once; Pool does.
type Hasher struct {
	params  Params
	peppers Peppers
	random  io.Reader
	derive  Derive
	nobody  record
}

// NewHasher makes a Hasher. Params below DefaultParams are an error. Random
// gives the salts: crypto/rand.Reader outside of tests. Derive does the work.
func NewHasher(params Params, peppers Peppers, random io.Reader, derive Derive) (*Hasher, error) {
	if err := params.validate(); err != nil {
		return nil, err
	}
	h := &Hasher{params: params, peppers: peppers, random: random, derive: derive}
	h.nobody = record{params: params, keyID: peppers.first, salt: make([]byte, saltSize), tag: make([]byte, tagSize)}
	for _, b := range [][]byte{h.nobody.salt, h.nobody.tag} {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, fmt.Errorf("read randomness for a hash of nobody: %w", err)
		}
	}
	return h, nil
}

// Params are the costs of new hashes.
func (h *Hasher) Params() Params { return h.params }

// Hash returns the PHC string of a password:
// $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>[,keyid=<pepper>]$<salt>$<tag>,
// with salt (16 bytes) and tag (32 bytes) in base64 without padding. Errors: of
// the randomness and of the Derive.
func (h *Hasher) Hash(password string) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", fmt.Errorf("read a salt: %w", err)
	}
	r := record{params: h.params, keyID: h.peppers.first, salt: salt, tag: make([]byte, tagSize)}
	tag, err := h.tag(r, password)
	if err != nil {
		return "", err
	}
	r.tag = tag
	return r.String(), nil
}

// Verify says whether phc is the hash of the password, and whether the
// password, if right, should be hashed anew: because a cost, a size or the
// pepper is not what Hash would use now. A hash that is costlier than that
// stays. Errors: ErrMalformedHash, ErrUnknownPepper, those of the Derive.
func (h *Hasher) Verify(password, phc string) (ok, needsRehash bool, err error) {
	r, err := parse(phc)
	if err != nil {
		return false, false, err
	}
	tag, err := h.tag(r, password)
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(tag, r.tag) == 1
	return ok, ok && h.outdated(r), nil
}

// VerifyNothing does the work of a Verify against a hash of the current costs,
// so that an unknown account takes as long as a wrong password, and fails alike.
func (h *Hasher) VerifyNothing(password string) error {
	_, _, err := h.Verify(password, h.nobody.String())
	return err
}

func (h *Hasher) outdated(r record) bool {
	return r.params.MemoryKiB < h.params.MemoryKiB || r.params.Time < h.params.Time ||
		r.keyID != h.peppers.first || len(r.salt) < saltSize || len(r.tag) < tagSize
}

// tag hashes the password as the record says.
func (h *Hasher) tag(r record, password string) ([]byte, error) {
	seasoned, err := h.peppers.season(r.keyID, password)
	if err != nil {
		return nil, err
	}
	return h.derive(Work{Password: seasoned, Salt: r.salt, Params: r.params, Size: uint32(len(r.tag))})
}
