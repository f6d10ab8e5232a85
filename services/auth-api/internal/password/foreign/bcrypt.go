package foreign

import (
	"math"
	"regexp"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// maxBcryptCost is the binary logarithm of the rounds: 16 takes some 3 s.
const maxBcryptCost = 16

var bcryptForm = regexp.MustCompile(`^\$2([a-z]?)\$([0-9]{2})\$[./A-Za-z0-9]{53}$`)

// bcryptHash hashes the first 72 bytes of a password, as every program with bcrypt does that
// does not refuse longer ones.
type bcryptHash struct {
	whole string
	cost  uint64
}

func parseBcrypt(text string) (scheme, error) {
	m := bcryptForm.FindStringSubmatch(text)
	if m == nil {
		return nil, refuse(Malformed, "not bcrypt's $2b$, two digits, $ and 53 characters")
	}
	if !strings.Contains("a b y", m[1]) || m[1] == "" {
		// 2 hashed no NUL at the end, 2x marks hashes of a faulty program: the same password
		// has another hash there.
		return nil, refuse(Unsupported, "the variant $2%s$ is not verified, only $2a$, $2b$ and $2y$ are", m[1])
	}
	cost, err := number("the cost", strings.TrimPrefix(m[2], "0"))
	if err != nil {
		return nil, err
	}
	if cost < uint64(bcrypt.MinCost) {
		return nil, refuse(Malformed, "the cost is %d, bcrypt has at least %d", cost, bcrypt.MinCost)
	}
	return bcryptHash{text, cost}, beyond("the cost", cost, maxBcryptCost)
}

func (h bcryptHash) format() Format { return Bcrypt }
func (h bcryptHash) text() string   { return h.whole }
func (h bcryptHash) memory() int64  { return 0 }
func (h bcryptHash) times() float64 { return math.Exp2(float64(h.cost) - 9) }
func (h bcryptHash) matches(password []byte) bool {
	return bcrypt.CompareHashAndPassword([]byte(h.whole), password) == nil
}
