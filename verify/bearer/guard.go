package bearer

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"auth.books.test/verify"
)

// AnyAudience as Options.Audience lets every live token in, whichever API it is
// for. Only a service that serves all APIs needs it.
const AnyAudience = "*"

// Options are the parts of a Guard. Verifier and Audience are needed.
type Options struct {
	Verifier verify.Verifier
	// Audience is the name of this API; tokens for others are refused. Without a
	// name all tokens are.
	Audience string
	// Realm names what is protected in WWW-Authenticate; the audience if empty.
	Realm string
	// OnRefusal, if set, is told of each request that is not let through, for logs
	// and metrics.
	OnRefusal func(context.Context, *Refusal)
}

// Guard decides which requests are let through. It is safe for use by several
// goroutines.
type Guard struct{ o Options }

// New makes a Guard.
func New(o Options) *Guard {
	o.Realm = cmp.Or(o.Realm, o.Audience)
	return &Guard{o: o}
}

// Check tells who asks, or why they are not let through. The token needs all of the
// scopes. The principal is shared: do not change it.
func (g *Guard) Check(ctx context.Context, c Credentials, scopes ...string) (*verify.Principal, *Refusal) {
	given, refusal := g.token(c)
	if refusal != nil {
		return nil, g.refuse(ctx, refusal)
	}
	principal, err := g.o.Verifier.Verify(ctx, given)
	switch {
	case err == nil:
		refusal = g.lacking(principal, scopes)
	case errors.Is(err, verify.ErrInvalidToken) && !errors.Is(err, verify.ErrUnavailable):
		refusal = g.invalid(err)
	default:
		// Whatever else went wrong says nothing of the token.
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

// lacking says what a live token does not allow; nil if it is enough.
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

// token takes the token out of the header (RFC 6750, section 2.1).
func (g *Guard) token(c Credentials) (string, *Refusal) {
	if c.Headers > 1 {
		return "", g.malformed("Send one Authorization header, not several.")
	}
	scheme, rest, _ := strings.Cut(c.Authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", g.missing(c.InURL)
	}
	if c.InURL {
		return "", g.malformed("Send the access token once, in the Authorization header, and not in the URL as well.")
	}
	given := strings.Trim(rest, " ")
	if !isToken68(given) {
		return "", g.malformed("The Authorization header holds more than one access token, or characters that none has.")
	}
	return given, nil
}

// isToken68 says whether s has the characters of a token only (RFC 6750, section
// 2.1, b64token). None at all is a token that is malformed.
func isToken68(s string) bool {
	s = strings.TrimRight(s, "=")
	others := 0
	for i := range len(s) {
		others |= int(other[s[i]])
	}
	return others == 0
}

// other is 1 for what a token has no character of.
var other = func() (bytes [256]uint8) {
	for c := range bytes {
		bytes[c] = 1
	}
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/") {
		bytes[c] = 0
	}
	return bytes
}()
