package verify

import (
	"context"
	"errors"
	"slices"
	"time"

	"auth.books.test/verify/token"
)

var (
	// ErrInvalidToken means that the token is not alive: it is malformed, names an
	// unknown key, has expired, was revoked or was never issued. Answer 401
	// invalid_token (RFC 6750, section 3.1).
	ErrInvalidToken = errors.New("the access token is not valid")
	// ErrUnavailable means that a store did not answer, so that the token may be alive.
	// Answer 503.
	ErrUnavailable = errors.New("the session store cannot be read")
)

// IsDead reports whether a verifier's error means for certain that the token is not valid.
// It is not certain if the error also says that the session store cannot be read.
func IsDead(err error) bool {
	return errors.Is(err, ErrInvalidToken) && !errors.Is(err, ErrUnavailable)
}

// Verifier returns the principal of an access token. The principal is shared: do not
// change it. Errors: ErrInvalidToken, ErrUnavailable.
type Verifier interface {
	Verify(ctx context.Context, accessToken string) (*Principal, error)
}

// Kind is what the subject of a token is.
type Kind string

// The closed set of kinds.
const (
	// KindAccount: a person, perhaps through a client.
	KindAccount Kind = "account"
	// KindClient: a program that acts on its own behalf.
	KindClient Kind = "client"
)

// Principal is what a live token stands for.
type Principal struct {
	Kind Kind
	// Subject is the id of the account or of the client (UUID); it never changes.
	Subject string
	// Client is the id of the client (UUID) that acts for the subject; empty if a person
	// signed in at auth-api itself.
	Client string
	// Account is zero if the token belongs to a program.
	Account
	// Authorization is the public id (UUID) of the sign-in or of the client's
	// authorization for which the token was issued. It is no secret; the sign-in is ended
	// by it.
	Authorization string
	// Audiences are the names of the APIs at which the token may be used.
	Audiences []string
	// Scopes are what the token allows, over all audiences.
	Scopes []string
	// IssuedAt is when the authorization began.
	IssuedAt time.Time
	// AuthenticatedAt is when the person last authenticated; zero if none did or the time
	// is not known. AuthenticatedBy is how, in values of RFC 8176: pwd, and otp
	// and mfa for a second factor.
	AuthenticatedAt time.Time
	AuthenticatedBy []string
	// ExpiresAt is when the token expires, whether it is used or not.
	ExpiresAt time.Time
	// IdleExpiresAt is when the token expires if it is not used before; zero if it has no
	// idle timeout.
	IdleExpiresAt time.Time
	// Hash identifies the token in the stores.
	Hash token.Hash
}

// Account is the person that a token stands for.
type Account struct {
	// Email is the address with which the account was registered.
	Email string
	// EmailVerified reports whether the address was proved to be the person's. If it was
	// not, whoever registered the address first may be somebody else: do not give rights to
	// the address, nor match accounts of other services by it.
	EmailVerified bool
	// Name is how the person wants to be called; may be empty.
	Name string
}

// MultiFactor is the value of RFC 8176 for a sign-in with more than one factor.
const MultiFactor = "mfa"

// ACRMultiFactor is the authentication context class (acr; OpenID Connect Core, section 2) of
// a sign-in with more than one factor. The value is that of PAPE, which other authorization
// servers use as well.
const ACRMultiFactor = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"

// IsMultiFactor says whether methods of RFC 8176 are more than one factor.
func IsMultiFactor(methods []string) bool { return slices.Contains(methods, MultiFactor) }

// ACR is the authentication context class of a sign-in by these methods of RFC 8176; "" if
// they have none.
func ACR(methods []string) string {
	if IsMultiFactor(methods) {
		return ACRMultiFactor
	}
	return ""
}

// HasScope reports whether the token allows the scope.
func (p Principal) HasScope(scope string) bool { return slices.Contains(p.Scopes, scope) }

// HasAudience reports whether the token may be used at the API.
func (p Principal) HasAudience(api string) bool { return slices.Contains(p.Audiences, api) }

// EndsAt is the earlier of ExpiresAt and IdleExpiresAt.
func (p Principal) EndsAt() time.Time {
	if !p.IdleExpiresAt.IsZero() && p.IdleExpiresAt.Before(p.ExpiresAt) {
		return p.IdleExpiresAt
	}
	return p.ExpiresAt
}
