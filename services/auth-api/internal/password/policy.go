package password

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"auth.books.test/services/auth-api/internal/fault"
)

const (
	// MinLength is the fewest code points of a password that is the only
	// factor (NIST SP 800-63B-4, section 3.1.1.2).
	MinLength = 15
	// MaxBytes is the most bytes of a password in UTF-8 and normal form C. It
	// leaves room for 64 code points of any script, which NIST asks for.
	MaxBytes = 256
)

// The reasons of a refused password.
const (
	ReasonTooShort    = "too_short"
	ReasonTooLong     = "too_long"
	ReasonNotText     = "not_text"
	ReasonBlocklisted = "blocklisted"
	ReasonUnchanged   = "unchanged"
)

// maxShrink is how many times shorter text can become in normal form C.
const maxShrink = 3

// Policy decides whether a new password is accepted. It requires a minimum length and
// that the password is not well known; it does not require kinds of characters (NIST
// SP 800-63B-4, section 3.1.1.2). It is safe for use by several goroutines.
type Policy struct {
	known   blocklist
	service []string
}

// NewPolicy makes a Policy. The service names, such as "auth.books.test", and
// their parts of four or more characters do not count toward a password.
func NewPolicy(serviceNames ...string) *Policy {
	p := &Policy{known: readBlocklist()}
	for _, name := range serviceNames {
		p.service = append(p.service, contextWords(name)...)
	}
	return p
}

// Check returns nil if the account with this e-mail address may use the password.
// Otherwise the error is a fault of code validation_failed at location, such as
// "password", with the reason too_short, too_long, not_text or blocklisted. It never
// holds the password.
func (p *Policy) Check(location, password, email string) error {
	if len(password) > maxShrink*MaxBytes {
		return tooLong(location)
	}
	if !isText(password) {
		return fault.Invalid(location, ReasonNotText, "Use characters that a keyboard can type: this has control characters, or is not valid Unicode text.")
	}
	normal := normalise(password)
	if len(normal) > MaxBytes {
		return tooLong(location)
	}
	if utf8.RuneCountInString(normal) < MinLength {
		return fault.Invalid(location, ReasonTooShort, fmt.Sprintf("Use at least %d characters. A few words that only you would put together are good.", MinLength))
	}
	local, _, _ := strings.Cut(email, "@")
	if p.known.guessable(normal, append(contextWords(local), p.service...)) {
		return fault.Invalid(location, ReasonBlocklisted, "This is among the first that an attacker would try: it is well known, or little more than a sequence, a repetition, or the name of the account or service. Choose another, such as a few words that only you would put together.")
	}
	return nil
}

// CheckChange is Check for next, and also refuses it with the reason unchanged if it is
// the same password as current.
func (p *Policy) CheckChange(location, current, next, email string) error {
	if err := p.Check(location, next, email); err != nil {
		return err
	}
	if normalise(current) == normalise(next) {
		return fault.Invalid(location, ReasonUnchanged, "Choose another password than the current one.")
	}
	return nil
}

func tooLong(location string) error {
	return fault.Invalid(location, ReasonTooLong, fmt.Sprintf("Use at most %d bytes of UTF-8, which is as many plain letters.", MaxBytes))
}

// normalise converts a password to the form that is measured and hashed.
func normalise(password string) string { return norm.NFC.String(password) }

// isText refuses characters that may differ the next time the password is typed:
// control characters (RFC 8265, section 4.2), code points that Unicode has not
// assigned yet, whose normal form may change (UAX 15, section 12.1), and
// U+FFFD, which decoders write where they lost something.
func isText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cn, r)
	})
}
