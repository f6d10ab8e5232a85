package session

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/verify/token"
)

// maxDevice is how many bytes of a user agent are stored.
const maxDevice = 256

// Session is one sign-in of one account on one device.
type Session struct {
	authorization.Authorization
	Origin
}

// Origin is the device and the address of a sign-in.
type Origin struct {
	// Device is the user agent, at most 256 bytes.
	Device string
	// IP is the zero Addr if it is unknown.
	IP netip.Addr
}

// Opened is a new session and its token, which is stored nowhere.
type Opened struct {
	Session
	Token token.Token
}

// clip makes a caller's text fit for a text column: valid UTF-8 without NUL, and at most
// limit bytes.
func clip(s string, limit int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
