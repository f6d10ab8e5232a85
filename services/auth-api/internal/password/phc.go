package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

const (
	saltSize = 16
	tagSize  = 32
	// maxPHC is longer than any string within the limits below.
	maxPHC = 512
	// Salts and tags of other programs are accepted within these sizes, in bytes.
	minSalt, maxSalt = 8, 64
	minTag, maxTag   = 16, 64
)

// ErrMalformedHash means that a stored hash is not an argon2id PHC string, or asks for
// costs out of bounds. The stored row is at fault, not the password.
var ErrMalformedHash = errors.New("malformed password hash")

// phcForm is the PHC string format for argon2id, version 0x13, with the
// parameters in the order that the format prescribes and no leading zeros.
var phcForm = regexp.MustCompile(`^\$argon2id\$v=19\$m=([1-9][0-9]{0,9}),t=([1-9][0-9]{0,9}),p=([1-9][0-9]{0,2})(?:,keyid=([0-9A-Za-z]{1,16}))?\$([0-9A-Za-z+/]+)\$([0-9A-Za-z+/]+)$`)

// record is a parsed PHC string.
type record struct {
	params Params
	// keyID names the pepper; empty for none.
	keyID string
	salt  []byte
	tag   []byte
}

// String writes the PHC string.
func (r record) String() string {
	key := ""
	if r.keyID != "" {
		key = ",keyid=" + r.keyID
	}
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$%v%s$%s$%s", r.params, key, enc.EncodeToString(r.salt), enc.EncodeToString(r.tag))
}

// parse reads a PHC string. Its errors are ErrMalformedHash and never hold the
// string.
func parse(phc string) (record, error) {
	if len(phc) > maxPHC {
		return record{}, fmt.Errorf("%w: longer than %d bytes", ErrMalformedHash, maxPHC)
	}
	m := phcForm.FindStringSubmatch(phc)
	if m == nil {
		return record{}, fmt.Errorf("%w: not an argon2id PHC string of version 19", ErrMalformedHash)
	}
	memory, err1 := strconv.ParseUint(m[1], 10, 32)
	passes, err2 := strconv.ParseUint(m[2], 10, 32)
	threads, err3 := strconv.ParseUint(m[3], 10, 8)
	if errors.Join(err1, err2, err3) != nil {
		return record{}, fmt.Errorf("%w: a cost is out of range", ErrMalformedHash)
	}
	r := record{params: Params{MemoryKiB: uint32(memory), Time: uint32(passes), Threads: uint8(threads)}, keyID: m[4]}
	if err := r.params.bounded(); err != nil {
		return record{}, fmt.Errorf("%w: %w", ErrMalformedHash, err)
	}
	// Strict, because otherwise several strings would encode one hash.
	enc := base64.RawStdEncoding.Strict()
	if r.salt, err1 = enc.DecodeString(m[5]); err1 != nil || len(r.salt) < minSalt || len(r.salt) > maxSalt {
		return record{}, fmt.Errorf("%w: the salt is not base64 or has a wrong size", ErrMalformedHash)
	}
	if r.tag, err1 = enc.DecodeString(m[6]); err1 != nil || len(r.tag) < minTag || len(r.tag) > maxTag {
		return record{}, fmt.Errorf("%w: the tag is not base64 or has a wrong size", ErrMalformedHash)
	}
	return r, nil
}
