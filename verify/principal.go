package verify

import (
	"context"
	"errors"
	"slices"
	"time"

	"auth.books.test/verify/token"
)

var (
	// ErrInvalidToken says that the token is not alive: malformed, of an unknown
	// key, expired, revoked, or never given out. Answer 401 invalid_token
	// (RFC 6750, section 3.1).
	ErrInvalidToken = errors.New("the access token is not valid")
	// ErrUnavailable says that it could not be found out. Answer 503.
	ErrUnavailable = errors.New("the session store cannot be asked")
)

// Verifier tells for whom a token stands. The principal is shared: do not change it.
// It is nil if there is an error. Errors: ErrInvalidToken, ErrUnavailable.
type Verifier interface {
	Verify(ctx context.Context, accessToken string) (*Principal, error)
}

// Kind says what the subject of a token is.
type Kind string

// The closed set of kinds.
const (
	// KindAccount: a person, perhaps through a client.
	KindAccount Kind = "account"
	// KindClient: a program that acts for itself.
	KindClient Kind = "client"
)

// Principal is what a live token stands for.
type Principal struct {
	Kind Kind
	// Subject is the id of the account or of the client (UUID); it never changes.
	Subject string
	// Client is the id of the client (UUID) through which the subject acts; empty if
	// a person signed in at auth-api itself.
	Client string
	// Account is zero for a token that belongs to no person.
	Account
	// Authorization is the public id (UUID) of what the token was given out for: today
	// a sign-in, or what a client was given. It is not a secret, and ends it.
	Authorization string
	// Audiences are the names of the APIs at which the token may be used.
	Audiences []string
	// Scopes are what the token allows, over all audiences.
	Scopes []string
	// IssuedAt is when the authorization began.
	IssuedAt time.Time
	// AuthenticatedAt is when the person last proved who they are; zero if no person
	// did, or if it is not known. AuthenticatedBy is how, as the values of RFC 8176;
	// the only one today is pwd.
	AuthenticatedAt time.Time
	AuthenticatedBy []string
	// ExpiresAt is the end of the token, whatever its use.
	ExpiresAt time.Time
	// IdleExpiresAt is the end of the token if it is not used until then; zero if its
	// use does not matter.
	IdleExpiresAt time.Time
	// Hash stands for the token in the stores.
	Hash token.Hash
}

// Account is what is known of the person.
type Account struct {
	// Email is the account's address as it was registered.
	Email string
	// Name is what the person wants to be called; may be empty.
	Name string
}

// HasScope tells whether the token allows the scope.
func (p Principal) HasScope(scope string) bool { return slices.Contains(p.Scopes, scope) }

// HasAudience tells whether the token may be used at the API.
func (p Principal) HasAudience(api string) bool { return slices.Contains(p.Audiences, api) }

// EndsAt is the earlier of both ends.
func (p Principal) EndsAt() time.Time {
	if !p.IdleExpiresAt.IsZero() && p.IdleExpiresAt.Before(p.ExpiresAt) {
		return p.IdleExpiresAt
	}
	return p.ExpiresAt
}
