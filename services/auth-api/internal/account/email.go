package account

import (
	"net/mail"
	"strings"

	"auth.books.test/services/auth-api/internal/fault"
)

const (
	// MaxEmail is the longest address that fits a mail path (RFC 5321, section
	// 4.5.3.1.3), in bytes.
	MaxEmail = 254
	maxLocal = 64
)

// ParseEmail checks an address (Mailbox of RFC 5321, ASCII). Addresses are stored as they
// were typed, and compared without regard to case.
func ParseEmail(location, s string) (string, error) {
	s = strings.TrimSpace(s)
	parsed, err := mail.ParseAddress(s)
	at := strings.LastIndexByte(s, '@')
	ok := err == nil && parsed.Address == s && parsed.Name == "" && isPlain(s) &&
		len(s) <= MaxEmail && at > 0 && at <= maxLocal && isDomain(s[at+1:])
	if !ok {
		return "", fault.Invalid(location, "not_an_email", "Write an e-mail address, such as ada@books.test, in at most 254 ASCII characters.")
	}
	return s, nil
}

// isPlain refuses spaces, quotes and everything but printable ASCII. Otherwise addresses
// that only look alike would be different accounts.
func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),:;<>[\]`, r) })
}

func isDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}
