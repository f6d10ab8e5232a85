package idtoken

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// Claims are those of an ID token. Times are whole seconds: some clients cannot read others.
type Claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
	IssuedAt int64  `json:"iat"`
	// AuthTime is when the person signed in, and AuthMethods how (RFC 8176).
	AuthTime    int64    `json:"auth_time"`
	AuthMethods []string `json:"amr,omitempty"`
	// ACR is the class of the sign-in, if it has one.
	ACR string `json:"acr,omitempty"`
	// Nonce is that of the request.
	Nonce string `json:"nonce,omitempty"`
	// AccessTokenHash binds the access token that was issued with it.
	AccessTokenHash string `json:"at_hash,omitempty"`
	// Session is the sign-in (Front-Channel Logout, section 3).
	Session string `json:"sid,omitempty"`
	Person
}

// Person is what the scopes of an app let it know of a person (OpenID Connect Core, section
// 5.4). The userinfo endpoint answers the same.
type Person struct {
	Name              string `json:"name,omitempty"`
	PreferredUsername string `json:"preferred_username,omitempty"`
	Email             string `json:"email,omitempty"`
	// EmailVerified is a pointer, so that false is told and not left out.
	EmailVerified *bool `json:"email_verified,omitempty"`
	// Groups are the person's roles, as audience:role. It is a list even of one, and empty
	// if there are none, but absent if the app did not ask.
	Groups *[]string `json:"groups,omitempty"`
}

// ErrUnknownKey means that no key signs with the algorithm.
var ErrUnknownKey = errors.New("no signing key for the algorithm")

// ErrInvalid means that a token was not signed here.
var ErrInvalid = errors.New("not an ID token of this service")

// Sign signs the claims with RS256 or ES256.
func (k *Keys) Sign(algorithm string, c Claims) (string, error) {
	one, found := k.signing(jose.SignatureAlgorithm(algorithm))
	if !found {
		return "", fmt.Errorf("sign an ID token: %w %s", ErrUnknownKey, algorithm)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: one.algorithm, Key: jose.JSONWebKey{Key: one.private, KeyID: one.id}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("sign an ID token: %w", err)
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("sign an ID token: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign an ID token: %w", err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("sign an ID token: %w", err)
	}
	return text, nil
}

// ReadHint reads an ID token that an app sends back to say whom it means. It may have expired
// long ago (RP-Initiated Logout, section 2). Error: ErrInvalid.
func (k *Keys) ReadHint(text, issuer string) (c Claims, err error) {
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil || len(signed.Signatures) != 1 {
		return Claims{}, ErrInvalid
	}
	for _, one := range k.keys {
		if one.id != signed.Signatures[0].Header.KeyID {
			continue
		}
		payload, err := signed.Verify(one.private.Public())
		if err != nil || json.Unmarshal(payload, &c) != nil || c.Issuer != issuer {
			return Claims{}, ErrInvalid
		}
		return c, nil
	}
	return Claims{}, ErrInvalid
}

// HashOf is at_hash of an access token: the left half of its SHA-256, which both algorithms
// use (OpenID Connect Core, section 3.1.3.6).
func HashOf(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return base64.RawURLEncoding.EncodeToString(sum[:sha256.Size/2])
}
