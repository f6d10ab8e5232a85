package authorization

import (
	"slices"

	"auth.books.test/services/auth-api/internal/fault"
)

// ScopeAccount is the scope with which a token can manage its own account: change it,
// delete it, list and end its sessions. A person can leave it out of a token for an API.
const ScopeAccount = "account"

// Scopes are the scopes of a subject's roles, by the audience of their API.
type Scopes map[string][]string

// Scopes of OpenID Connect (Core, sections 5.4 and 11), and groups. They belong to no API:
// they say what the userinfo endpoint and ID tokens tell of the person.
const (
	ScopeOpenID        = "openid"
	ScopeProfile       = "profile"
	ScopeEmail         = "email"
	ScopeGroups        = "groups"
	ScopeOfflineAccess = "offline_access"
)

// IdentityScopes are all scopes that belong to no API.
func IdentityScopes() []string {
	return []string{ScopeAccount, ScopeOpenID, ScopeProfile, ScopeEmail, ScopeGroups, ScopeOfflineAccess}
}

// choose returns the scopes and audiences of a new authorization. Without wanted scopes
// these are all assigned ones, and ScopeAccount for a session; otherwise the wanted ones.
// An app gets those of the wanted scopes that the person has, and nothing unless it wants
// something: people are shown what an app wants. Fault: invalid_scope.
func (s Scopes) choose(r Request) (scopes, audiences []string, err error) {
	wanted := r.Scopes
	scopes, audiences = s.filter(func(scope string) bool { return len(wanted) == 0 && r.Kind != App || slices.Contains(wanted, scope) }, r.Audiences)
	switch {
	case r.Subject.Client:
	case r.Kind == App:
		scopes = sorted(append(scopes, identityScopes(wanted)...))
		return scopes, audiences, nil
	case r.Kind == Personal: // It never touches the account itself.
	case len(wanted) == 0 || slices.Contains(wanted, ScopeAccount):
		scopes = sorted(append(scopes, ScopeAccount))
	}
	for _, w := range wanted {
		if !slices.Contains(scopes, w) {
			return nil, nil, fault.New(fault.InvalidScope, "The account does not have every requested scope. Request fewer, or none to get all that it has.")
		}
	}
	return scopes, audiences, nil
}

// identityScopes returns those of the scopes that belong to no API.
func identityScopes(scopes []string) (own []string) {
	for _, known := range IdentityScopes() {
		if slices.Contains(scopes, known) {
			own = append(own, known)
		}
	}
	return own
}

// narrow returns those of the granted scopes and audiences that are still assigned.
func (s Scopes) narrow(given, at []string) (scopes, audiences []string) {
	scopes, audiences = s.filter(func(scope string) bool { return slices.Contains(given, scope) }, at)
	if own := identityScopes(given); len(own) > 0 {
		scopes = sorted(append(scopes, own...))
	}
	return scopes, audiences
}

// filter returns the wanted scopes of the audiences at, and those of the audiences that
// have any. If at is nil, it filters all audiences.
func (s Scopes) filter(wanted func(scope string) bool, at []string) (scopes, audiences []string) {
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
