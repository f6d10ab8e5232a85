package authorization

import (
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/refresh"
	"auth.books.test/verify/token"
)

// Kind is the kind of an authorization.
type Kind string

// The closed set of kinds.
const (
	// Session: a person signed in on a device.
	Session Kind = "session"
	// App: a client acts for a person.
	App Kind = "app"
	// Program: a client acts on its own behalf.
	Program Kind = "service"
	// Personal: a person created a token for a script.
	Personal Kind = "personal"
	// Exchange: a token was exchanged for another (RFC 8693).
	Exchange Kind = "exchange"
)

// Authorization is the permission for which access tokens are issued. They are alive as
// long as it is.
type Authorization struct {
	ID      uuid.UUID
	Kind    Kind
	Subject uuid.UUID
	// Client is the program that acts; uuid.Nil if it is the subject itself.
	Client uuid.UUID
	// Root is the first ancestor; the authorization itself if it has no parent.
	Root uuid.UUID
	// Scopes and Audiences are what was granted. A token has those of them that are still
	// assigned to the subject.
	Scopes    []string
	Audiences []string
	// AuthenticatedBy and AuthenticatedAt are how and when the person was
	// authenticated; zero if no person was.
	AuthenticatedBy []string
	AuthenticatedAt time.Time
	CreatedAt       time.Time
	// UsedAt is the last known use.
	UsedAt time.Time
	// IdleExpiresAt is zero if there is no idle timeout.
	IdleExpiresAt time.Time
	ExpiresAt     time.Time
}

// Issued is an authorization and a new token of it, which is stored nowhere.
type Issued struct {
	Authorization
	Token token.Token
	// TokenExpiresAt is when the token expires, if it is not used up before.
	TokenExpiresAt time.Time
	// Refresh is the zero Token if the authorization cannot be refreshed.
	Refresh refresh.Token
}

// Reason is stored with an authorization that was ended by itself.
type Reason string

// The closed set of reasons.
const (
	SignedOut    Reason = "signed_out"
	TokenRevoked Reason = "token_revoked" // by its holder (RFC 7009)
	EndedByOwner Reason = "ended_by_owner"
	// EndedByOperator: at the command line.
	EndedByOperator Reason = "ended_by_operator"
	TooMany         Reason = "too_many" // the person had MaxSessions, or the app MaxApps
	// RefreshReused: a refresh token was used again after its successor (RFC 9700, section
	// 4.14.2). CodeReused: so was an authorization code (RFC 6749, section 4.1.2).
	RefreshReused Reason = "refresh_reused"
	CodeReused    Reason = "code_reused"
)
