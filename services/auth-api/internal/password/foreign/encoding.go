package foreign

import (
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
)

// Sizes of salts and hashes that are accepted, in bytes. A short hash would match passwords
// by chance; an empty one matches all.
const (
	maxSalt        = 128
	minTag, maxTag = 16, 128
)

// number reads a decimal number without sign and leading zeros.
func number(what, s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || strconv.FormatUint(n, 10) != s {
		return 0, refuse(Malformed, "%s is no number that fits", what)
	}
	return n, nil
}

// parameters reads "name=number" for each of the names, in this order.
func parameters(s string, names ...string) ([]uint64, error) {
	parts := strings.Split(s, ",")
	if len(parts) != len(names) {
		return nil, refuse(Malformed, "the parameters are not %s", strings.Join(names, ", "))
	}
	values := make([]uint64, len(names))
	for i, part := range parts {
		value, found := strings.CutPrefix(part, names[i]+"=")
		if !found {
			return nil, refuse(Malformed, "the parameters are not %s", strings.Join(names, ", "))
		}
		var err error
		if values[i], err = number(names[i], value); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// saltAndTag decodes salt and hash.
func saltAndTag(enc *base64.Encoding, salt, tag string) (s, t []byte, err error) {
	if s, err = enc.Strict().DecodeString(salt); err != nil || strings.ContainsAny(salt, "\r\n") {
		return nil, nil, refuse(Malformed, "the salt is not in the base64 of the format")
	}
	if t, err = enc.Strict().DecodeString(tag); err != nil || strings.ContainsAny(tag, "\r\n") {
		return nil, nil, refuse(Malformed, "the hash is not in the base64 of the format")
	}
	return s, t, sized(s, t)
}

func sized(salt, tag []byte) error {
	if len(salt) < 1 || len(salt) > maxSalt {
		return refuse(Malformed, "the salt has %d bytes, 1 to %d are accepted", len(salt), maxSalt)
	}
	if len(tag) < minTag || len(tag) > maxTag {
		return refuse(Malformed, "the hash has %d bytes, %d to %d are accepted", len(tag), minTag, maxTag)
	}
	return nil
}

func raw(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

func equal(a, b []byte) bool { return len(b) > 0 && subtle.ConstantTimeCompare(a, b) == 1 }
