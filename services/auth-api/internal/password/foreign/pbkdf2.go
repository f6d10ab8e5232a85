package foreign

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // Hashes of other programs.
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"strings"
)

// maxIterations bounds the iterations of PBKDF2, times the blocks of its output: 5 million
// take some 3 s.
const maxIterations = 5_000_000

type pbkdf2Hash struct {
	algorithm  string
	iterations uint64
	salt, tag  []byte
}

// newPBKDF2 checks what a dialect was read as.
func newPBKDF2(algorithm, iterations string, salt, tag []byte) (scheme, error) {
	if algorithm != "sha1" && algorithm != "sha256" && algorithm != "sha512" {
		return nil, refuse(Unsupported, "PBKDF2 is verified with SHA-1, SHA-256 and SHA-512 only")
	}
	n, err := number("the number of iterations", iterations)
	if err != nil {
		return nil, err
	}
	if n < 1 {
		return nil, refuse(Malformed, "the number of iterations is 0")
	}
	if err := sized(salt, tag); err != nil {
		return nil, err
	}
	h := pbkdf2Hash{algorithm, n, salt, tag}
	return h, beyond("the number of iterations, times the blocks of the hash,", n*h.blocks(), maxIterations)
}

// parsePBKDF2 reads the PHC form, $pbkdf2-sha256$i=600000,l=32$salt$hash; l may be absent.
func parsePBKDF2(text string) (scheme, error) {
	algorithm, rest, err := pbkdf2Parts(text)
	if err != nil {
		return nil, err
	}
	p, err := parameters(strings.Split(rest[0], ",")[0], "i")
	if err != nil {
		return nil, err
	}
	salt, tag, err := saltAndTag(base64.RawStdEncoding, rest[1], rest[2])
	if err != nil {
		return nil, err
	}
	if _, l, found := strings.Cut(rest[0], ","); found && l != fmt.Sprintf("l=%d", len(tag)) {
		return nil, refuse(Malformed, "l is not the length of the hash")
	}
	return newPBKDF2(algorithm, fmt.Sprint(p[0]), salt, tag)
}

// parsePasslib reads $pbkdf2-sha256$rounds$salt$hash, with . for + in its base64.
func parsePasslib(text string) (scheme, error) {
	algorithm, rest, err := pbkdf2Parts(text)
	if err != nil {
		return nil, err
	}
	if strings.Contains(rest[1]+rest[2], "+") {
		return nil, refuse(Malformed, "passlib writes . for +")
	}
	plus := strings.NewReplacer(".", "+")
	salt, tag, err := saltAndTag(base64.RawStdEncoding, plus.Replace(rest[1]), plus.Replace(rest[2]))
	if err != nil {
		return nil, err
	}
	return newPBKDF2(algorithm, rest[0], salt, tag)
}

// pbkdf2Parts are those of a text that begins with $pbkdf2; without a name of an algorithm
// it is SHA-1.
func pbkdf2Parts(text string) (algorithm string, rest []string, err error) {
	parts := strings.Split(text, "$")
	if len(parts) != 5 || parts[0] != "" || parts[1] != "pbkdf2" && !strings.HasPrefix(parts[1], "pbkdf2-") {
		return "", nil, refuse(Malformed, "not $pbkdf2-ALGORITHM$…$salt$hash")
	}
	if parts[1] == "pbkdf2" {
		return "sha1", parts[2:], nil
	}
	return strings.TrimPrefix(parts[1], "pbkdf2-"), parts[2:], nil
}

// parseDjango reads pbkdf2_sha256$iterations$salt$hash. The salt is text.
func parseDjango(text string) (scheme, error) {
	parts := strings.Split(text, "$")
	algorithm, is := strings.CutPrefix(parts[0], "pbkdf2_")
	if !is {
		return nil, refuse(Unsupported, "of Django's hashes only pbkdf2_sha256 and pbkdf2_sha1 are read here")
	}
	if len(parts) != 4 {
		return nil, refuse(Malformed, "not pbkdf2_sha256$iterations$salt$hash")
	}
	tag, err := base64.StdEncoding.Strict().DecodeString(parts[3])
	if err != nil {
		return nil, refuse(Malformed, "the hash is not in the base64 of the format")
	}
	return newPBKDF2(algorithm, parts[1], []byte(parts[2]), tag)
}

func (h pbkdf2Hash) function() func() hash.Hash {
	switch h.algorithm {
	case "sha256":
		return sha256.New
	case "sha512":
		return sha512.New
	default:
		return sha1.New
	}
}

// blocks is how often the iterations are done.
func (h pbkdf2Hash) blocks() uint64 {
	size := h.function()().Size()
	return uint64((len(h.tag) + size - 1) / size) //nolint:gosec // Small.
}

func (h pbkdf2Hash) format() Format { return PBKDF2 }
func (h pbkdf2Hash) text() string {
	return fmt.Sprintf("$pbkdf2-%s$i=%d,l=%d$%s$%s", h.algorithm, h.iterations, len(h.tag), raw(h.salt), raw(h.tag))
}
func (h pbkdf2Hash) memory() int64  { return 0 }
func (h pbkdf2Hash) times() float64 { return float64(h.iterations*h.blocks()) / 40_000 }
func (h pbkdf2Hash) matches(password []byte) bool {
	key, err := pbkdf2.Key(h.function(), string(password), h.salt, int(h.iterations), len(h.tag)) //nolint:gosec // Checked.
	return err == nil && equal(key, h.tag)
}
