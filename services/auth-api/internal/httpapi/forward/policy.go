package forward

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
)

const (
	// maxPolicies bounds the cached policies. There is one for each distinct URL with
	// which proxies are configured.
	maxPolicies = 256
	// maxAudience is the longest name of an API, in bytes.
	maxAudience = 64
)

// policy is what a proxy requires of a token.
type policy struct {
	guard  *bearer.Guard
	scopes []string
}

// parsePolicy reads the query of GET /verify. It refuses unknown parameters: ignoring a
// misspelt "scope" would let every token of the API through.
func parsePolicy(query string, verifier verify.Verifier) (*policy, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, badPolicy("the query cannot be parsed")
	}
	for name := range values {
		if name != "api" && name != "scope" {
			return nil, badPolicy("the query has a parameter other than api and scope")
		}
	}
	switch api := values["api"]; {
	case len(api) == 0:
		return nil, badPolicy("api is missing")
	case len(api) > 1:
		return nil, badPolicy("api is repeated")
	case !isWord(api[0]) || len(api[0]) > maxAudience || api[0] == bearer.AnyAudience:
		return nil, badPolicy("api is not the name of an API")
	}
	api := values.Get("api")
	p := &policy{guard: bearer.New(bearer.Options{Verifier: verifier, Audience: api})}
	for _, given := range values["scope"] {
		scopes := strings.Fields(given)
		if len(scopes) == 0 {
			return nil, badPolicy("scope is empty; leave it out to accept any token of the API")
		}
		for _, scope := range scopes {
			if !isWord(scope) {
				return nil, badPolicy("scope has characters that a scope may not have")
			}
		}
		p.scopes = append(p.scopes, scopes...)
	}
	return p, nil
}

func badPolicy(why string) error {
	return fault.New(fault.MalformedRequest, fmt.Sprintf("The URL that the proxy calls is wrong: %s. "+
		"Configure it as /verify?api=books&scope=books:read; scope is optional and may be repeated.", why))
}

// isWord says whether s has only characters of a scope (RFC 6749, section 3.3). They need
// no quoting in a challenge.
func isWord(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// policies caches parsed policies by their query. The map is copied on write, so that
// requests read it without a lock (BenchmarkVerify).
type policies struct {
	byQuery atomic.Pointer[map[string]*policy]
	mu      sync.Mutex // guards replacing byQuery
}

func (p *policies) find(query []byte) *policy {
	if cached := p.byQuery.Load(); cached != nil {
		return (*cached)[string(query)]
	}
	return nil
}

// add caches a policy. It is called only after a live token has met the policy, so that
// nobody without a token can fill the cache. A full cache starts over.
func (p *policies) add(query []byte, added *policy) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := map[string]*policy{}
	if cached := p.byQuery.Load(); cached != nil && len(*cached) < maxPolicies {
		maps.Copy(next, *cached)
	}
	next[string(query)] = added
	p.byQuery.Store(&next)
}
