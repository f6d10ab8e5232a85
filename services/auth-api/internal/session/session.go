package session

import (
	"net/netip"
	"time"

	"github.com/google/uuid"

	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// ScopeAccount is the scope that lets a token manage its own account: change
// it, delete it, list and end its sessions. A person who gives a token to an
// API can leave it out.
const ScopeAccount = "account"

// Session is one sign-in of one account on one device.
type Session struct {
	ID        uuid.UUID
	AccountID uuid.UUID
	// Device is the user agent that signed in, at most 256 bytes.
	Device string
	// IP is where it signed in from; the zero Addr if that is not known.
	IP        netip.Addr
	Scopes    []string
	Audiences []string
	CreatedAt time.Time
	// SeenAt is when it was last used, to within the touch interval.
	SeenAt        time.Time
	IdleExpiresAt time.Time
	ExpiresAt     time.Time
}

// Lifetimes bound a session.
type Lifetimes struct {
	// Idle is how long a session lives without being used.
	Idle time.Duration
	// Absolute is how long it lives at most.
	Absolute time.Duration
}

// Touch is how much of the idle lifetime must have passed before a use is
// written down. It bounds writes to a few a session and day.
func (l Lifetimes) Touch() time.Duration { return l.Idle / 24 }

// truth is what Postgres knows about a live session.
type truth struct {
	Session
	hash  token.Hash
	email string
	name  string
}

func (t truth) principal() verify.Principal {
	return verify.Principal{
		Kind:            verify.KindAccount,
		Subject:         t.AccountID.String(),
		Account:         verify.Account{Email: t.email, Name: t.name},
		Authorization:   t.ID.String(),
		Audiences:       t.Audiences,
		Scopes:          t.Scopes,
		IssuedAt:        t.CreatedAt,
		AuthenticatedAt: t.CreatedAt,
		AuthenticatedBy: []string{"pwd"}, // the only way to sign in (RFC 8176)
		ExpiresAt:       t.ExpiresAt,
		IdleExpiresAt:   t.IdleExpiresAt,
		Hash:            t.hash,
	}
}
