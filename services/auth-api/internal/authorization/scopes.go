package authorization

import (
	"slices"

	"auth.books.test/services/auth-api/internal/fault"
)

// ScopeAccount is the scope that lets a token manage its own account: change it, delete
// it, list and end its sessions. A person who gives a token to an API can leave it out.
const ScopeAccount = "account"

// Scopes are those that roles give a subject, by the audience of their API.
type Scopes map[string][]string

// choose gives the scopes and audiences of an authorization: all that is assigned, and
// for a person ScopeAccount, or, of these, what is wanted. Fault: invalid_scope.
func (s Scopes) choose(person bool, wanted []string) (scopes, audiences []string, err error) {
	scopes, audiences = s.of(func(scope string) bool { return len(wanted) == 0 || slices.Contains(wanted, scope) }, nil)
	if person && (len(wanted) == 0 || slices.Contains(wanted, ScopeAccount)) {
		scopes = sorted(append(scopes, ScopeAccount))
	}
	for _, w := range wanted {
		if !slices.Contains(scopes, w) {
			return nil, nil, fault.New(fault.InvalidScope, "The account does not have every scope that is asked for. Ask for fewer, or for none to get all it has.")
		}
	}
	return scopes, audiences, nil
}

// still gives what is left of the scopes and audiences that were given.
func (s Scopes) still(given, at []string) (scopes, audiences []string) {
	scopes, audiences = s.of(func(scope string) bool { return slices.Contains(given, scope) }, at)
	if slices.Contains(given, ScopeAccount) {
		scopes = sorted(append(scopes, ScopeAccount))
	}
	return scopes, audiences
}

// of gives the scopes that are wanted, and the audiences that have one, of those
// named; nil names all.
func (s Scopes) of(wanted func(scope string) bool, at []string) (scopes, audiences []string) {
	scopes, audiences = []string{}, []string{}
	for audience, assigned := range s {
		if at != nil && !slices.Contains(at, audience) {
			continue
		}
		before := len(scopes)
		for _, scope := range assigned {
			if wanted(scope) {
				scopes = append(scopes, scope)
			}
		}
		if len(scopes) > before {
			audiences = append(audiences, audience)
		}
	}
	return sorted(scopes), sorted(audiences)
}

func sorted(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}
