package client

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	// assertionLifetime is how far ahead an assertion may expire: so long it is remembered.
	assertionLifetime = 5 * time.Minute
	// clockSkew is by how much the clock of a client may be ahead.
	clockSkew = 30 * time.Second
)

// assertion is a JWT with which a client authenticates (RFC 7523, section 2.2). Nothing in it
// is verified before verify.
type assertion struct{ token *jwt.JSONWebToken }

func parseAssertion(text string) (assertion, error) {
	token, err := jwt.ParseSigned(text, signatures())
	return assertion{token}, err
}

// subject is the client that the assertion names.
func (a assertion) subject() string {
	var claims jwt.Claims
	if err := a.token.UnsafeClaimsWithoutVerification(&claims); err != nil {
		return ""
	}
	return claims.Subject
}

// proven are the claims of an assertion that was verified.
type proven struct {
	// id is the hash of the jti.
	id      [sha256.Size]byte
	expires time.Time
}

// verify checks the signature with the keys, a JWK set, and the claims (RFC 7523, section 3).
// audiences are the names of this server: the assertion has exactly one of them, since with
// several another server could use it here.
func (a assertion) verify(keys, client string, audiences []string, now time.Time) (proven, bool) {
	claims, signed := a.signedBy(keys)
	if !signed || claims.Issuer != client || claims.Subject != client || claims.ID == "" || claims.Expiry == nil {
		return proven{}, false
	}
	if len(claims.Audience) != 1 || !slices.Contains(audiences, claims.Audience[0]) {
		return proven{}, false
	}
	expires, latest := claims.Expiry.Time(), now.Add(clockSkew)
	switch {
	case !expires.After(now), expires.After(latest.Add(assertionLifetime)):
		return proven{}, false
	case claims.IssuedAt != nil && claims.IssuedAt.Time().After(latest), claims.NotBefore != nil && claims.NotBefore.Time().After(latest):
		return proven{}, false
	}
	return proven{sha256.Sum256([]byte(claims.ID)), expires}, true
}

// signedBy returns the claims if one of the keys has signed them.
func (a assertion) signedBy(keys string) (jwt.Claims, bool) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(keys), &set); err != nil || len(a.token.Headers) != 1 {
		return jwt.Claims{}, false
	}
	header := a.token.Headers[0]
	for _, k := range set.Keys {
		if header.KeyID != "" && k.KeyID != "" && header.KeyID != k.KeyID || !slices.Contains(algorithms(k.Key), jose.SignatureAlgorithm(header.Algorithm)) {
			continue
		}
		var claims jwt.Claims
		if err := a.token.Claims(verifierOf(k.Key), &claims); err == nil {
			return claims, true
		}
	}
	return jwt.Claims{}, false
}
