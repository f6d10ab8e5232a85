package resource

import (
	"regexp"
	"slices"

	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

var (
	name = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	// scopeToken is a scope of RFC 6749, section 3.3, of at most 64 bytes.
	scopeToken       = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]{1,64}$`)
	hasLetterOrDigit = regexp.MustCompile(`[A-Za-z0-9]`)
)

// checkName is for audiences and roles. An audience stands in lists with spaces
// and in headers.
func checkName(location, s string) error {
	if !name.MatchString(s) {
		return fault.Invalid(location, "not_a_name", "Use 1 to 64 of a-z, 0-9, dot, dash and underscore, a letter or digit first.")
	}
	return nil
}

// checkScopes gives the scopes sorted, each once.
func checkScopes(scopes []string) ([]string, error) {
	for _, s := range scopes {
		if !scopeToken.MatchString(s) {
			return nil, fault.Invalid("scope", "not_a_scope", "Write a scope as books:read, in at most 64 printable ASCII characters without spaces, quotes and backslashes.")
		}
		if !hasLetterOrDigit.MatchString(s) {
			// docs/proxies/apache.conf asks for the scope "!" where nobody may pass.
			return nil, fault.Invalid("scope", "not_a_scope", "Write a scope with a letter or a digit in it, such as books:read.")
		}
		if s == authorization.ScopeAccount {
			return nil, fault.Invalid("scope", "reserved", "The scope "+authorization.ScopeAccount+" is auth-api's own.")
		}
	}
	sorted := slices.Sorted(slices.Values(scopes))
	if len(sorted) == 0 {
		return nil, fault.Invalid("scope", "required", "Name at least one scope.")
	}
	return slices.Compact(sorted), nil
}
