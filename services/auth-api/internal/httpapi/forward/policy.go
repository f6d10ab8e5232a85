package forward

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

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

// maxAgeDigits bounds max_age to some three years.
const maxAgeDigits = 8

// parsePolicy reads the query of GET /verify. It refuses unknown parameters: ignoring a
// misspelt "scope" would let every token of the API through.
func parsePolicy(query string, verifier verify.Verifier, now func() time.Time) (*policy, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, badPolicy("the query cannot be parsed")
	}
	for name := range values {
		if !slices.Contains([]string{"api", "scope", "max_age", "multi_factor"}, name) {
			return nil, badPolicy("the query has a parameter other than api, scope, max_age and multi_factor")
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
	need, err := parseStepUp(values)
	if err != nil {
		return nil, err
	}
	p := &policy{guard: bearer.New(bearer.Options{Verifier: verifier, Audience: api, StepUp: need, Now: now})}
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

// parseStepUp reads how a person must have signed in.
func parseStepUp(values url.Values) (need bearer.StepUp, err error) {
	if given, found := values["max_age"]; found {
		seconds, err := strconv.ParseUint(given[0], 10, 31)
		if err != nil || seconds == 0 || len(given) > 1 || len(given[0]) > maxAgeDigits {
			return need, badPolicy("max_age is not a number of seconds, or is repeated")
		}
		need.MaxAge = time.Duration(seconds) * time.Second
	}
	if given, found := values["multi_factor"]; found {
		if len(given) > 1 || given[0] != "true" {
			return need, badPolicy("multi_factor is not true, or is repeated")
		}
		need.MultiFactor = true
	}
	return need, nil
}

func badPolicy(why string) error {
	return fault.New(fault.MalformedRequest, fmt.Sprintf("The URL that the proxy calls is wrong: %s. "+
		"Configure it as /verify?api=books&scope=books:read; scope is optional and may be repeated; max_age=900 and multi_factor=true are optional.", why))
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
