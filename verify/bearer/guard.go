package bearer

import (
	"cmp"
	"context"
	"strings"
	"time"

	"auth.books.test/verify"
)

// AnyAudience as Options.Audience accepts tokens for any API. Only a service that serves
// all APIs needs it.
const AnyAudience = "*"

// Options are the parts of a Guard. Verifier and Audience are required.
type Options struct {
	Verifier verify.Verifier
	// Audience is the name of this API. Tokens for other APIs are refused; if it is empty,
	// all tokens are.
	Audience string
	// Realm is the realm in WWW-Authenticate; default Audience.
	Realm string
	// Resource, if set, is named in challenges, with the scopes that a request needs, so that
	// a client finds its way from a 401 (RFC 9728, section 5.1). Serve it at its
	// MetadataPath.
	Resource *Resource
	// StepUp is how a person must have signed in; see With.
	StepUp StepUp
	// Now is the clock for StepUp; default time.Now.
	Now func() time.Time
	// OnRefusal, if set, is called for each request that is refused, for logs and metrics.
	OnRefusal func(context.Context, *Refusal)
}

// Guard decides which requests are let through. It is safe for use by several
// goroutines.
type Guard struct{ o Options }

// New makes a Guard.
func New(o Options) *Guard {
	o.Realm = cmp.Or(o.Realm, o.Audience)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Guard{o: o}
}

// Check returns the principal of the request, or why the request is refused. The token
// needs all of the scopes. The principal is shared: do not change it.
func (g *Guard) Check(ctx context.Context, c Credentials, scopes ...string) (*verify.Principal, *Refusal) {
	given, refusal := g.token(c, scopes)
	if refusal != nil {
		return nil, g.refuse(ctx, refusal)
	}
	principal, err := g.o.Verifier.Verify(ctx, given)
	switch {
	case err == nil:
		if refusal = g.lacking(principal, scopes); refusal == nil {
			refusal = g.tooWeak(principal, g.o.StepUp)
		}
	case verify.IsDead(err):
		refusal = g.invalid(err, scopes)
	default:
		// Other errors say nothing about the token.
		refusal = unavailable(err)
	}
	if refusal != nil {
		return nil, g.refuse(ctx, refusal)
	}
	return principal, nil
}

func (g *Guard) refuse(ctx context.Context, refusal *Refusal) *Refusal {
	if g.o.OnRefusal != nil {
		g.o.OnRefusal(ctx, refusal)
	}
	return refusal
}

// lacking returns the refusal of a live token that lacks the audience or a scope; nil if
// it has them.
func (g *Guard) lacking(principal *verify.Principal, scopes []string) *Refusal {
	if g.o.Audience != AnyAudience && !principal.HasAudience(g.o.Audience) {
		return g.insufficient("The access token is not for this API.", scopes)
	}
	for _, scope := range scopes {
		if !principal.HasScope(scope) {
			return g.insufficient("The access token lacks a scope that this needs: "+scope+".", scopes)
		}
	}
	return nil
}

// token reads the token from the header (RFC 6750, section 2.1).
func (g *Guard) token(c Credentials, scopes []string) (string, *Refusal) {
	if c.Headers > 1 {
		return "", g.malformed("Send one Authorization header, not several.")
	}
	scheme, rest, _ := strings.Cut(c.Authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", g.missing(c.InURL, scopes)
	}
	if c.InURL {
		return "", g.malformed("Send the access token once, in the Authorization header, and not in the URL as well.")
	}
	given := strings.Trim(rest, " ")
	if !isToken68(given) {
		return "", g.malformed("The Authorization header holds more than one access token, or characters that no token has.")
	}
	return given, nil
}

// isToken68 reports whether s has only characters of a token (RFC 6750, section 2.1,
// b64token). The empty string passes: it is a malformed token, not a malformed header.
func isToken68(s string) bool {
	s = strings.TrimRight(s, "=")
	others := 0
	for i := range len(s) {
		others |= int(other[s[i]])
	}
	return others == 0
}

// other is 1 for bytes that no token has. The table needs no branch for each byte, and
// every GET /verify goes through it (BenchmarkVerify in httpapi).
var other = func() (bytes [256]uint8) {
	for c := range bytes {
		bytes[c] = 1
	}
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/") {
		bytes[c] = 0
	}
	return bytes
}()
