package authorization

import (
	"time"

	"github.com/google/uuid"

	"auth.books.test/verify/token"
)

// Kind says what an authorization is.
type Kind string

// The closed set of kinds.
const (
	// Session: a person signed in on a device.
	Session Kind = "session"
	// App: a client acts for a person.
	App Kind = "app"
	// Program: a client acts for itself.
	Program Kind = "service"
	// Personal: a person made a token for a script.
	Personal Kind = "personal"
	// Exchange: a token was exchanged for another (RFC 8693).
	Exchange Kind = "exchange"
)

// Authorization is what stands until it ends, and because of which access tokens are
// alive.
type Authorization struct {
	ID      uuid.UUID
	Kind    Kind
	Subject uuid.UUID
	// Client is the program that acts; uuid.Nil if it is the subject itself.
	Client uuid.UUID
	// Root is the first of the chain that it hangs on; itself if it hangs on nothing.
	Root uuid.UUID
	// Scopes and Audiences are what was given. A token has of them what the subject
	// still has.
	Scopes    []string
	Audiences []string
	// AuthenticatedBy and AuthenticatedAt are how and when the person was
	// authenticated; zero if no person was.
	AuthenticatedBy []string
	AuthenticatedAt time.Time
	CreatedAt       time.Time
	// UsedAt is the last use that is known.
	UsedAt time.Time
	// IdleExpiresAt is zero if use does not matter.
	IdleExpiresAt time.Time
	ExpiresAt     time.Time
}

// Issued is a new authorization and its access token, which is nowhere else.
type Issued struct {
	Authorization
	Token token.Token
}

// Reason says in the records why one authorization ended.
type Reason string

// The closed set of reasons.
const (
	SignedOut    Reason = "signed_out"
	TokenRevoked Reason = "token_revoked" // by who held it (RFC 7009)
	EndedByOwner Reason = "ended_by_owner"
	TooMany      Reason = "too_many" // of one person
)
