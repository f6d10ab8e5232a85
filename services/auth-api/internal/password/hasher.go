package password

import (
	"crypto/subtle"
	"fmt"
	"io"
	"sync"

	"auth.books.test/services/auth-api/internal/password/foreign"
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
	dummy   record
	// heavy is held while a hash of another program takes more memory than ours: slots are
	// as many as fit in memory with ours (SlotsFor).
	heavy sync.Mutex
}

// NewHasher makes a Hasher. Params below DefaultParams are an error. Salts are read
// from random: crypto/rand.Reader except in tests. derive runs argon2id.
func NewHasher(params Params, peppers Peppers, random io.Reader, derive Derive) (*Hasher, error) {
	if err := params.validate(); err != nil {
		return nil, err
	}
	h := &Hasher{params: params, peppers: peppers, random: random, derive: derive}
	h.dummy = record{params: params, keyID: peppers.first, salt: make([]byte, saltSize), tag: make([]byte, tagSize)}
	for _, b := range [][]byte{h.dummy.salt, h.dummy.tag} {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, fmt.Errorf("read randomness for the dummy hash: %w", err)
		}
	}
	return h, nil
}

// Params are the costs of new hashes.
func (h *Hasher) Params() Params { return h.params }

// Hash returns the PHC string of a password:
// $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>[,keyid=<pepper>]$<salt>$<tag>,
// with salt (16 bytes) and tag (32 bytes) in base64 without padding. Errors: those of
// reading random bytes and of Derive.
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

// Verify reports whether phc is the hash of the password, and whether a right password
// should be hashed again. It should if a cost or a size is lower than Hash would use
// now, or the pepper is another one. A costlier hash is kept. A hash of another program is
// never kept: it has no pepper. Errors: ErrMalformedHash, ErrUnknownPepper, those of Derive.
func (h *Hasher) Verify(password, phc string) (ok, needsRehash bool, err error) {
	if foreign.Is(phc) {
		ok, err := h.verifyForeign(password, phc)
		return ok, ok, err
	}
	r, err := parse(phc)
	if err != nil {
		return false, false, err
	}
	tag, err := h.tag(r, password)
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(tag, r.tag) == 1
	if rest, cheaper := h.params.beyond(r.params); cheaper && !ok {
		// A wrong password must take as long as for an unknown account, which VerifyDummy
		// hashes with the current costs. A right one is hashed again anyway.
		if _, err := h.derive(Work{Password: tag, Salt: h.dummy.salt, Params: rest, Size: tagSize}); err != nil {
			return false, false, err
		}
	}
	return ok, ok && h.outdated(r), nil
}

// VerifyDummy verifies against a dummy hash with the current costs, so that an unknown
// account takes as long as a wrong password and fails in the same way.
func (h *Hasher) VerifyDummy(password string) error {
	_, _, err := h.Verify(password, h.dummy.String())
	return err
}

func (h *Hasher) outdated(r record) bool {
	return r.params.MemoryKiB < h.params.MemoryKiB || r.params.Time < h.params.Time ||
		r.keyID != h.peppers.first || len(r.salt) < saltSize || len(r.tag) < tagSize
}

// tag hashes the password with the pepper, salt and costs of the record.
func (h *Hasher) tag(r record, password string) ([]byte, error) {
	input, err := h.peppers.apply(r.keyID, password)
	if err != nil {
		return nil, err
	}
	return h.derive(Work{Password: input, Salt: r.salt, Params: r.params, Size: uint32(len(r.tag))})
}
