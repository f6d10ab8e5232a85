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
	// maxPolicies bounds those that are kept; there is one for each place where a
	// proxy asks.
	maxPolicies = 256
	// maxAudience is the longest name of an API, in bytes.
	maxAudience = 64
)

// policy is what a proxy asks of a token.
type policy struct {
	guard  *bearer.Guard
	scopes []string
}

// parsePolicy reads the query of GET /verify. It takes nothing that it does not
// know: were a misspelt scope ignored, the door would stand open.
func parsePolicy(query string, verifier verify.Verifier) (*policy, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, badPolicy("it cannot be read")
	}
	for name := range values {
		if name != "api" && name != "scope" {
			return nil, badPolicy("it has a parameter other than api and scope")
		}
	}
	switch api := values["api"]; {
	case len(api) == 0:
		return nil, badPolicy("api is missing")
	case len(api) > 1:
		return nil, badPolicy("api is there more than once")
	case !isWord(api[0]) || len(api[0]) > maxAudience || api[0] == bearer.AnyAudience:
		return nil, badPolicy("api is not the name of an API")
	}
	api := values.Get("api")
	p := &policy{guard: bearer.New(bearer.Options{Verifier: verifier, Audience: api})}
	for _, given := range values["scope"] {
		scopes := strings.Fields(given)
		if len(scopes) == 0 {
			return nil, badPolicy("scope is empty; leave it out if any token of the API will do")
		}
		for _, scope := range scopes {
			if !isWord(scope) {
				return nil, badPolicy("scope has characters that no scope has")
			}
		}
		p.scopes = append(p.scopes, scopes...)
	}
	return p, nil
}

func badPolicy(why string) error {
	return fault.New(fault.MalformedRequest, fmt.Sprintf("The URL with which the proxy asks is wrong: %s. "+
		"Configure it as /verify?api=books&scope=books:read; scope may be left out, or be there several times.", why))
}

// isWord says whether s has the characters of a scope (RFC 6749, section 3.3),
// which can stand in a challenge as they are.
func isWord(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// policies are those that were met by a token, by the query they were read
// from. Reading needs no lock.
type policies struct {
	known   atomic.Pointer[map[string]*policy]
	writing sync.Mutex // guards the replacement of known
}

func (p *policies) of(query []byte) *policy {
	if known := p.known.Load(); known != nil {
		return (*known)[string(query)]
	}
	return nil
}

// keep is for policies that a live token has met: nobody without one can fill
// the room.
func (p *policies) keep(query []byte, kept *policy) {
	p.writing.Lock()
	defer p.writing.Unlock()
	next := map[string]*policy{}
	if known := p.known.Load(); known != nil && len(*known) < maxPolicies {
		maps.Copy(next, *known)
	}
	next[string(query)] = kept
	p.known.Store(&next)
}
