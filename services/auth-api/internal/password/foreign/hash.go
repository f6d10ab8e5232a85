package foreign

import (
	"strings"
)

// maxText is longer than any hash that is accepted, in bytes.
const maxText = 4 << 10

// maxPassword is the longest password in bytes that is tried: SHA-crypt takes longer for a
// longer one. New passwords have 256 bytes at most.
const maxPassword = 1024

// stored begins what is stored for an imported account.
const stored = "imported:"

// none is the format of an account without a password.
const none = "none"

// scheme is a hash of one algorithm, with its costs below the ceilings.
type scheme interface {
	// format and text are how it is stored.
	format() Format
	text() string
	matches(password []byte) bool
	// memory is in bytes, besides some KiB.
	memory() int64
	// times is how many times as long it takes as argon2id with 19 MiB and two passes, which
	// is some 25 ms. It is rough: deadlines are made of it.
	times() float64
}

// Hash is a password hash of another program. The zero value matches no password.
type Hash struct{ scheme scheme }

// Parse reads a hash in a format. keys are what hashes of Firebase lack. Error: a *Refusal.
func Parse(format Format, text string, keys FirebaseKeys) (Hash, error) {
	parse := parser(format, keys)
	if parse == nil {
		return Hash{}, refuse(UnknownFormat, "hash_format is none of %s", strings.Join(names(), ", "))
	}
	if len(text) > maxText {
		return Hash{}, refuse(Malformed, "longer than %d bytes", maxText)
	}
	s, err := parse(text)
	if err != nil {
		return Hash{}, err
	}
	return Hash{s}, nil
}

// Is says whether a stored hash is one of this package.
func Is(hash string) bool { return strings.HasPrefix(hash, stored) }

// Read reads what String has written. Error: a *Refusal.
func Read(hash string) (Hash, error) {
	format, text, found := strings.Cut(strings.TrimPrefix(hash, stored), ":")
	if !found || !Is(hash) {
		return Hash{}, refuse(Malformed, "not a stored hash of another program")
	}
	if format == none {
		return Hash{}, nil
	}
	h, err := Parse(Format(format), text, FirebaseKeys{})
	if err == nil && h.scheme.format() != Format(format) {
		return Hash{}, refuse(Malformed, "the format %s is converted before it is stored", format)
	}
	return h, err
}

// String is what is stored.
func (h Hash) String() string {
	if h.scheme == nil {
		return stored + none + ":"
	}
	return stored + string(h.scheme.format()) + ":" + h.scheme.text()
}

// IsNone says that the account has no password: nothing matches.
func (h Hash) IsNone() bool { return h.scheme == nil }

// Memory is what verifying takes, in bytes.
func (h Hash) Memory() int64 {
	if h.scheme == nil {
		return 0
	}
	return h.scheme.memory()
}

// Times is how many times as long verifying takes as a hash of ours with the least costs,
// roughly.
func (h Hash) Times() float64 {
	if h.scheme == nil {
		return 0
	}
	return h.scheme.times()
}

// Matches computes the hash of a password, as the source did, and compares.
func (h Hash) Matches(password string) bool {
	return h.scheme != nil && CanMatch(password) && h.scheme.matches([]byte(password))
}

// CanMatch says whether a password is tried. One with a NUL is not: bcrypt repeats the
// password and a NUL, and HMAC fills keys up with NULs, so several such passwords have the
// hash of one without.
func CanMatch(password string) bool {
	return len(password) <= maxPassword && !strings.Contains(password, "\x00")
}
