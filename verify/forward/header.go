package forward

import "strings"

// The headers, in the form of HTTP/1.1.
const (
	User    = "Remote-User"
	Email   = "Remote-Email"
	Name    = "Remote-Name"
	Scope   = "Remote-Scope"
	Session = "Remote-Session"
)

// separators are what programs behind a proxy take for the hyphen of a header's
// name: CGI and its heirs (WSGI, PHP, Rack) make HTTP_REMOTE_USER of any of them.
const separators = "-_."

// Headers are the names of all identity headers.
func Headers() []string { return []string{User, Email, Name, Scope, Session} }

// Spellings are the names that a program may take for the header's, the right one
// first. Case does not matter in any.
func Spellings(header string) []string {
	out := make([]string, 0, len(separators))
	for _, separator := range separators {
		out = append(out, strings.ReplaceAll(header, "-", string(separator)))
	}
	return out
}

// StripList is every spelling of every identity header. A proxy deletes them all
// from a client's request, also where it asks for no token.
func StripList() []string {
	var out []string
	for _, header := range Headers() {
		out = append(out, Spellings(header)...)
	}
	return out
}
