package client

import (
	"slices"

	"github.com/google/uuid"
)

// Method is how a client authenticates at the token endpoint.
type Method string

// The closed set of methods.
const (
	// NoSecret: a public client, which can keep no secret (RFC 6749, section 2.1).
	NoSecret Method = "none"
	// Secret: client_secret_basic or client_secret_post, as it likes.
	Secret Method = "client_secret"
	// PrivateKey: assertions that it signs (RFC 7523).
	PrivateKey Method = "private_key_jwt"
)

// Grant is a way to tokens.
type Grant string

// The closed set of grants that a client may be allowed.
const (
	AuthorizationCode Grant = "authorization_code"
	RefreshToken      Grant = "refresh_token"
	ClientCredentials Grant = "client_credentials"
)

// App is a client as the authorization server knows it.
type App struct {
	ID   uuid.UUID
	Name string
	// Authentication is how it proves who it is.
	Authentication Method
	// Keys are the public keys that check its assertions, as a JWK set; "" without.
	Keys string
	// FirstParty is of the same owner as this service: nobody is asked for consent.
	FirstParty bool
	// Native runs on a person's device: the port of its loopback redirects is free.
	Native bool
	// PKCEExempt cannot do PKCE, and an administrator allowed it.
	PKCEExempt bool
	// RedirectURIs are where people are sent with a code, LogoutURIs where they may be sent
	// when they have signed out.
	RedirectURIs, LogoutURIs []string
	// Origins are those of pages that may call the token endpoint.
	Origins []string
	Grants  []Grant
	// Audiences are the APIs that its tokens may be for.
	Audiences []string
	// IDTokenAlgorithm is RS256 or ES256.
	IDTokenAlgorithm string
}

// IDTokenAlgorithms are those with which ID tokens can be signed. The first is for clients
// that name none: every client knows it (OpenID Connect Core, section 15.1).
func IDTokenAlgorithms() []string { return []string{"RS256", "ES256"} }

// grants are all that a client may be allowed.
func grants() []Grant { return []Grant{AuthorizationCode, RefreshToken, ClientCredentials} }

// Registration is a client as it is registered: an app or a program, or an API that
// introspects tokens, or both.
type Registration struct {
	// Audience is that of the API whose tokens the client introspects; "" for none.
	Audience string
	App
}

// May says whether the client may use the grant.
func (a App) May(g Grant) bool { return slices.Contains(a.Grants, g) }

// Public says whether the client can keep no secret.
func (a App) Public() bool { return a.Authentication == NoSecret }
