package forward

import "strings"

// The names of the headers, in the spelling of HTTP/1.1.
const (
	User          = "Remote-User"
	Email         = "Remote-Email"
	EmailVerified = "Remote-Emailverified"
	Name          = "Remote-Name"
	Scope         = "Remote-Scope"
	Session       = "Remote-Session"
)

// separators are the characters that programs behind a proxy may treat as the hyphen in
// a header's name: CGI, WSGI, PHP and Rack turn any of them into HTTP_REMOTE_USER.
const separators = "-_."

// Headers lists the names of all identity headers.
func Headers() []string { return []string{User, Email, EmailVerified, Name, Scope, Session} }

// Spellings lists the names that a program may treat as the header, the right one first.
// Case does not matter.
func Spellings(header string) []string {
	out := make([]string, 0, len(separators))
	for _, separator := range separators {
		out = append(out, strings.ReplaceAll(header, "-", string(separator)))
	}
	return out
}

// StripList lists every spelling of every identity header. A proxy must delete all of
// them from requests of clients, also on routes that need no token.
func StripList() []string {
	var out []string
	for _, header := range Headers() {
		out = append(out, Spellings(header)...)
	}
	return out
}
