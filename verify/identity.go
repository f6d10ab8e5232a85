package verify

import (
	"context"
	"errors"
	"slices"
	"time"
	"unsafe"

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

// Verifier tells whose a token is. Errors: ErrInvalidToken, ErrUnavailable.
type Verifier interface {
	Verify(ctx context.Context, accessToken string) (Identity, error)
}

// Finder is a Verifier that can do without a copy of what it knows. The identity
// is shared: do not change it.
type Finder interface {
	Find(ctx context.Context, accessToken string) (*Identity, error)
}

// FindWith is the verifier's Find, made of its Verify if it has none.
func FindWith(v Verifier) func(context.Context, string) (*Identity, error) {
	if f, can := v.(Finder); can {
		return f.Find
	}
	return func(ctx context.Context, accessToken string) (*Identity, error) {
		identity, err := v.Verify(ctx, accessToken)
		if err != nil {
			return nil, err
		}
		return &identity, nil
	}
}

// Identity is what a live token stands for.
type Identity struct {
	// SessionID is the public id of the session (UUID). It is not a secret.
	SessionID string
	// AccountID is the id of the account (UUID); it never changes.
	AccountID string
	// Email is the account's address as it was registered.
	Email string
	// Name is what the person wants to be called; may be empty.
	Name string
	// Audiences are the names of the APIs at which the token may be used.
	Audiences []string
	// Scopes are what the token allows, over all audiences.
	Scopes []string
	// IssuedAt is when the person signed in, as the session's id says (UUIDv7).
	IssuedAt time.Time
	// ExpiresAt is the end of the session, whatever its use.
	ExpiresAt time.Time
	// IdleExpiresAt is the end of the session if it is not used until then.
	IdleExpiresAt time.Time
	// Hash stands for the token in the stores.
	Hash token.Hash
}

// HasScope tells whether the token allows the scope.
func (i Identity) HasScope(scope string) bool { return slices.Contains(i.Scopes, scope) }

// HasAudience tells whether the token may be used at the API.
func (i Identity) HasAudience(api string) bool { return slices.Contains(i.Audiences, api) }

// EndsAt is the earlier of both ends.
func (i Identity) EndsAt() time.Time {
	if i.IdleExpiresAt.Before(i.ExpiresAt) {
		return i.IdleExpiresAt
	}
	return i.ExpiresAt
}

// weight is how many bytes the identity takes at most: lists are mostly shared.
func (i *Identity) weight() int64 {
	n := unsafe.Sizeof(*i) + uintptr(len(i.SessionID)+len(i.AccountID)+len(i.Email)+len(i.Name))
	for _, list := range [][]string{i.Audiences, i.Scopes} {
		for _, word := range list {
			n += unsafe.Sizeof(word) + uintptr(len(word))
		}
	}
	return int64(n)
}
