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

// checkName checks the name of an audience or a role. Audiences occur in headers, and in
// lists separated by spaces.
func checkName(location, s string) error {
	if !name.MatchString(s) {
		return fault.Invalid(location, "not_a_name", "Use 1 to 64 characters of a-z, 0-9, dot, dash and underscore, beginning with a letter or digit.")
	}
	return nil
}

// checkScopes checks the scopes, and returns them sorted and without repetitions.
func checkScopes(scopes []string) ([]string, error) {
	for _, s := range scopes {
		if !scopeToken.MatchString(s) {
			return nil, fault.Invalid("scope", "not_a_scope", "Use at most 64 printable ASCII characters without spaces, quotes and backslashes, for example books:read.")
		}
		if !hasLetterOrDigit.MatchString(s) {
			// docs/proxies/apache.conf requires the scope "!" where nobody may pass, so no API
			// may offer it.
			return nil, fault.Invalid("scope", "not_a_scope", "Use at least one letter or digit, for example books:read.")
		}
		if slices.Contains(authorization.IdentityScopes(), s) {
			return nil, fault.Invalid("scope", "reserved", "The scope "+s+" is auth-api's own.")
		}
	}
	sorted := slices.Sorted(slices.Values(scopes))
	if len(sorted) == 0 {
		return nil, fault.Invalid("scope", "required", "Name at least one scope.")
	}
	return slices.Compact(sorted), nil
}
