package request

import (
	"crypto/rand"
	"strings"

	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/verify/token"
)

// IDHeader is the header with a request's id, in the request and in its answer.
const IDHeader = "X-Request-Id"

// ID is the caller's id if it is fit for a log, and otherwise a new one.
func ID(given string) string {
	if IsID(given) {
		return given
	}
	return rand.Text()
}

// IsID says whether a text is fit to be an id in a log: 8 to 64 letters, digits, - and
// _, and neither a token nor a client secret.
func IsID(given string) bool {
	fit := len(given) >= 8 && len(given) <= 64
	for _, r := range given {
		fit = fit && (r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	return fit && !token.HasPrefix(given) && !strings.HasPrefix(given, client.Prefix)
}
