package code

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/postgres"
	"auth.books.test/services/auth-api/internal/servicekey"
)

// Purpose is what a code is good for. A code of one purpose does for no other.
type Purpose string

const (
	// ResetPassword lets somebody set a new password who has lost theirs.
	ResetPassword Purpose = "reset_password"
	// Registration and Invitation let somebody make an account who has asked for one, and who
	// was invited. The owner's account is the one that is to be made.
	Registration Purpose = "registration"
	Invitation   Purpose = "invitation"
	// ChangeAddress goes to the new address of an account, and lets it be set.
	ChangeAddress Purpose = "change_address"
	// UndoAddress goes to the one before, and lets it be set again.
	UndoAddress Purpose = "undo_address"
)

const (
	// Lifetime is how long a code is good for after its mail was handed over (OWASP ASVS
	// 5.0, 6.5.5). For an invitation nobody waits, nor for the news that an address was
	// changed.
	Lifetime           = 10 * time.Minute
	InvitationLifetime = 7 * 24 * time.Hour
	UndoLifetime       = 24 * time.Hour
	// MaxMisses is how many wrong codes may be typed for one request.
	MaxMisses = 5
	// Hourly and Daily are how many codes one address can be sent: they bound the guesses at
	// its codes, and the mails that a stranger can make us send to it.
	Hourly, Daily = 5, 20
)

func (p Purpose) lifetime() time.Duration {
	switch p {
	case Invitation:
		return InvitationLifetime
	case UndoAddress:
		return UndoLifetime
	}
	return Lifetime
}

// Codes makes and checks codes.
type Codes struct {
	db     *postgres.DB
	ring   *servicekey.Ring
	random io.Reader
	now    func() time.Time
}

// New makes Codes.
func New(db *postgres.DB, ring *servicekey.Ring, random io.Reader, now func() time.Time) *Codes {
	return &Codes{db: db, ring: ring, random: random, now: now}
}

// Owner is whose code it is.
type Owner struct {
	Account uuid.UUID
	// Address is the one that the code was sent to.
	Address string
}

const (
	// letters make no words, and none looks like a digit or like another one.
	letters = "BCDFGHJKLMNPQRSTVWXZ"
	// length gives 34 bits. With MaxMisses and Daily a guesser's chance at an address is one
	// in 700,000 a year.
	length = 8
)

// draw makes a code. It is shown in two groups.
func draw(random io.Reader) (string, error) {
	// A byte is used if it is below the largest multiple of the number of letters.
	const usable = 256 - 256%len(letters)
	var b strings.Builder
	for b.Len() < length {
		var one [1]byte
		if _, err := io.ReadFull(random, one[:]); err != nil {
			return "", fmt.Errorf("make a code: %w", err)
		}
		if int(one[0]) < usable {
			b.WriteByte(letters[int(one[0])%len(letters)])
		}
	}
	drawn := b.String()
	return drawn[:length/2] + "-" + drawn[length/2:], nil
}

// Plain is a typed code without regard to case, hyphens and spaces.
func Plain(typed string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(typed))
}

func isCode(typed string) bool {
	p := Plain(typed)
	return len(p) == length && strings.Trim(p, letters) == ""
}

const label = "one-time code"

// hash is what stands in Postgres. The key is one that a copy of the database does not have,
// since a code alone could be found by trying all.
func hash(key []byte, id uuid.UUID, typed string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(id[:])
	mac.Write([]byte(Plain(typed)))
	return mac.Sum(nil)
}

// matches says whether a typed code has the hash, by any key of the ring.
func (c *Codes) matches(stored []byte, id uuid.UUID, typed string) bool {
	found := false
	for _, key := range c.ring.IDs() {
		derived, err := c.ring.DeriveWith(key, label)
		if err == nil && len(stored) > 0 && hmac.Equal(stored, hash(derived, id, typed)) {
			found = true
		}
	}
	return found
}

// Invalid is the fault of every code that is not good, in the same words.
func Invalid() error {
	return fault.New(fault.InvalidCode, "The code is wrong, too old, or was used. Read it again in the newest mail; after five wrong ones, ask for a new mail.")
}
