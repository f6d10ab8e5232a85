package foreign

import (
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

const (
	maxArgonMemory  = 128 << 10 // KiB
	maxArgonWork    = 1 << 20   // KiB, times the passes: some 1 s
	maxArgonThreads = 16
)

type argonHash struct {
	variant                 string
	memoryKiB, pass, thread uint64
	salt, tag               []byte
}

func parseArgon2(text string) (scheme, error) {
	parts := strings.Split(text, "$")
	if len(parts) < 4 || parts[0] != "" || !strings.HasPrefix(parts[1], "argon2") {
		return nil, refuse(Malformed, "not $argon2id$v=19$m=…,t=…,p=…$salt$hash")
	}
	switch {
	case parts[1] != "argon2id" && parts[1] != "argon2i":
		return nil, refuse(Unsupported, "only argon2id and argon2i are verified")
	case parts[2] != "v=19":
		return nil, refuse(Unsupported, "only version 19 of argon2 is verified")
	case len(parts) != 6:
		return nil, refuse(Malformed, "not $argon2id$v=19$m=…,t=…,p=…$salt$hash")
	case strings.Contains(parts[3], "keyid=") || strings.Contains(parts[3], "data="):
		return nil, refuse(Unsupported, "a hash with a key or data cannot be verified without them")
	}
	p, err := parameters(parts[3], "m", "t", "p")
	if err != nil {
		return nil, err
	}
	salt, tag, err := saltAndTag(base64.RawStdEncoding, parts[4], parts[5])
	if err != nil {
		return nil, err
	}
	return newArgon2(argonHash{parts[1], p[0], p[1], p[2], salt, tag})
}

func newArgon2(h argonHash) (scheme, error) {
	if h.pass < 1 || h.thread < 1 || h.memoryKiB < 8*h.thread || len(h.salt) < 8 {
		return nil, refuse(Malformed, "argon2 does not have these parameters (RFC 9106, section 3.1)")
	}
	if err := beyond("the number of lanes", h.thread, maxArgonThreads); err != nil {
		return nil, err
	}
	if err := beyond("the memory in KiB", h.memoryKiB, maxArgonMemory); err != nil {
		return nil, err
	}
	if err := beyond("the memory in KiB, times the passes,", h.memoryKiB*h.pass, maxArgonWork); err != nil {
		return nil, err
	}
	return h, sized(h.salt, h.tag)
}

func (h argonHash) format() Format { return Argon2 }
func (h argonHash) text() string {
	return fmt.Sprintf("$%s$v=19$m=%d,t=%d,p=%d$%s$%s", h.variant, h.memoryKiB, h.pass, h.thread, raw(h.salt), raw(h.tag))
}
func (h argonHash) memory() int64  { return int64(h.memoryKiB) << 10 } //nolint:gosec // Checked.
func (h argonHash) times() float64 { return float64(h.memoryKiB*h.pass) / (2 * 19456) }
func (h argonHash) matches(password []byte) bool {
	derive := argon2.IDKey
	if h.variant == "argon2i" {
		derive = argon2.Key
	}
	return equal(derive(password, h.salt, uint32(h.pass), uint32(h.memoryKiB), uint8(h.thread), uint32(len(h.tag))), h.tag) //nolint:gosec // Checked.
}
