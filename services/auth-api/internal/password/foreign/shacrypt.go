package foreign

import (
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"regexp"

	// SHA-crypt, which golang.org/x/crypto lacks. It is the part of github.com/go-crypt/crypt
	// that computes; the reader of forms in there hides the costs, which have to be checked
	// before anything is computed.
	"github.com/go-crypt/x/crypt"
)

const (
	defaultRounds, minRounds = 5000, 1000
	// maxRounds take some 2 s. passlib asks for 656,000.
	maxRounds = 1_000_000
)

var shaCryptForm = regexp.MustCompile(`^\$([56])\$(?:rounds=([0-9]{1,10})\$)?([!-#%-9;-~]{1,16})\$([./0-9A-Za-z]+)$`)

type shaCryptHash struct {
	whole, salt, tag string
	rounds           uint64
	sha512           bool
}

func parseSHACrypt(text string) (scheme, error) {
	m := shaCryptForm.FindStringSubmatch(text)
	if m == nil {
		return nil, refuse(Malformed, "not $5$ or $6$ of crypt(3), with a salt of 1 to 16 characters")
	}
	h := shaCryptHash{whole: text, salt: m[3], tag: m[4], rounds: defaultRounds, sha512: m[1] == "6"}
	if m[2] != "" {
		var err error
		if h.rounds, err = number("the number of rounds", m[2]); err != nil {
			return nil, err
		}
	}
	if want := map[bool]int{false: 43, true: 86}[h.sha512]; len(h.tag) != want {
		return nil, refuse(Malformed, "the hash has %d characters, not %d", len(h.tag), want)
	}
	if h.rounds < minRounds {
		return nil, refuse(Malformed, "the number of rounds is %d, crypt(3) has at least %d", h.rounds, minRounds)
	}
	return h, beyond("the number of rounds", h.rounds, maxRounds)
}

func (h shaCryptHash) format() Format { return SHACrypt }
func (h shaCryptHash) text() string   { return h.whole }
func (h shaCryptHash) memory() int64  { return 0 }
func (h shaCryptHash) times() float64 { return float64(h.rounds) / 20_000 }
func (h shaCryptHash) matches(password []byte) bool {
	function := func() hash.Hash { return sha256.New() }
	if h.sha512 {
		function = sha512.New
	}
	key := crypt.KeySHACrypt(function, password, []byte(h.salt), int(h.rounds)) //nolint:gosec // Checked.
	return equal(key, []byte(h.tag))
}
