package foreign

import (
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/scrypt"
)

const (
	// maxScryptBytes is 128·N·r, the memory: OWASP's first choice of scrypt needs as much.
	maxScryptBytes = 128 << 20
	// maxScryptWork is 128·N·r·p, in bytes that are mixed.
	maxScryptWork = 4 * maxScryptBytes
	maxScryptLog  = 20
	maxScryptR    = 64
	maxScryptP    = 64
)

// scryptCosts are the parameters of scrypt (RFC 7914).
type scryptCosts struct{ logN, r, p uint64 }

func (c scryptCosts) check() error {
	if c.logN < 1 || c.r < 1 || c.p < 1 {
		return refuse(Malformed, "a parameter is 0")
	}
	if err := beyond("the binary logarithm of N", c.logN, maxScryptLog); err != nil {
		return err
	}
	if err := beyond("r", c.r, maxScryptR); err != nil {
		return err
	}
	if err := beyond("p", c.p, maxScryptP); err != nil {
		return err
	}
	if err := beyond("the memory in bytes, 128·N·r,", c.bytes(), maxScryptBytes); err != nil {
		return err
	}
	return beyond("the work in bytes, 128·N·r·p,", c.bytes()*c.p, maxScryptWork)
}

func (c scryptCosts) bytes() uint64  { return 128 << c.logN * c.r }
func (c scryptCosts) memory() int64  { return int64(c.bytes()) } //nolint:gosec // At most 128 MiB.
func (c scryptCosts) times() float64 { return float64(c.bytes()*c.p) / (8 << 20) }

// key derives without an error: check has refused what scrypt refuses.
func (c scryptCosts) key(password, salt []byte, size int) []byte {
	key, err := scrypt.Key(password, salt, 1<<c.logN, int(c.r), int(c.p), size) //nolint:gosec // Checked.
	if err != nil {
		return nil
	}
	return key
}

type scryptHash struct {
	scryptCosts
	salt, tag []byte
}

func parseScrypt(text string) (scheme, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 5 || parts[0] != "" || parts[1] != "scrypt" {
		return nil, refuse(Malformed, "not $scrypt$ln=…,r=…,p=…$salt$hash")
	}
	p, err := parameters(parts[2], "ln", "r", "p")
	if err != nil {
		return nil, err
	}
	h := scryptHash{scryptCosts: scryptCosts{p[0], p[1], p[2]}}
	if err := h.check(); err != nil {
		return nil, err
	}
	h.salt, h.tag, err = saltAndTag(base64.RawStdEncoding, parts[3], parts[4])
	return h, err
}

func (h scryptHash) format() Format { return Scrypt }
func (h scryptHash) text() string {
	return fmt.Sprintf("$scrypt$ln=%d,r=%d,p=%d$%s$%s", h.logN, h.r, h.p, raw(h.salt), raw(h.tag))
}
func (h scryptHash) matches(password []byte) bool {
	return equal(h.key(password, h.salt, len(h.tag)), h.tag)
}
