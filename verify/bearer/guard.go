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
	return &Guard{o}
}

// Check tells who asks, or why they are not let through. The token needs all of
// the scopes.
func (g *Guard) Check(ctx context.Context, c Credentials, scopes ...string) (verify.Identity, *Refusal) {
	identity, refusal := g.check(ctx, c, scopes)
	if refusal != nil && g.o.OnRefusal != nil {
		g.o.OnRefusal(ctx, refusal)
	}
	return identity, refusal
}

func (g *Guard) check(ctx context.Context, c Credentials, scopes []string) (verify.Identity, *Refusal) {
	given, refusal := g.token(c)
	if refusal != nil {
		return verify.Identity{}, refusal
	}
	identity, err := g.o.Verifier.Verify(ctx, given)
	switch {
	case err == nil:
	case errors.Is(err, verify.ErrInvalidToken) && !errors.Is(err, verify.ErrUnavailable):
		return verify.Identity{}, g.invalid(err)
	default:
		// Whatever else went wrong says nothing of the token.
		return verify.Identity{}, unavailable(err)
	}
	if g.o.Audience != AnyAudience && !identity.HasAudience(g.o.Audience) {
		return verify.Identity{}, g.insufficient("The access token is not for this API.", scopes)
	}
	for _, scope := range scopes {
		if !identity.HasScope(scope) {
			return verify.Identity{}, g.insufficient("The access token lacks a scope that this needs: "+scope+".", scopes)
		}
	}
	return identity, nil
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
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-', c == '.', c == '_', c == '~', c == '+', c == '/':
		default:
			return false
		}
	}
	return true
}
