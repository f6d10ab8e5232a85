package oauth

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/client"
	"auth.books.test/verify"
)

// Request is an authorization request whose client and redirect URI are known to be right.
type Request struct {
	// ID is a UUIDv7: it says when the request was made.
	ID     uuid.UUID
	Client uuid.UUID
	// RedirectURI is where the answer goes. RedirectGiven says that the request had it, so
	// that the token request has to repeat it (RFC 6749, section 4.1.3).
	RedirectURI   string
	RedirectGiven bool
	State         string
	Scopes        []string
	// Audiences are the APIs that the tokens are for, of those of the client.
	Audiences []string
	// Challenge is that of PKCE, for S256; "" for clients that are exempt.
	Challenge string
	Nonce     string
	Prompts   []Prompt
	// MaxAge is how old the sign-in may be; negative for as old as it likes.
	MaxAge time.Duration
	// MultiFactor says that the sign-in has to have a second factor.
	MultiFactor bool `json:",omitzero"`
	LoginHint   string
	// Means is the account of the app's id_token_hint; uuid.Nil if it may be anybody.
	Means uuid.UUID `json:",omitzero"`
	// Refusal is what is wrong with the request. The app hears of it when the person has
	// signed in: otherwise a made-up link would send strangers to wherever it likes (RFC
	// 9700, section 4.11.2).
	Refusal *Refusal
	// ApprovedIn is the session in which the person has just let the app in; uuid.Nil if
	// nobody has. SignedIn is the one in which they have just signed in for the request.
	ApprovedIn uuid.UUID `json:",omitzero"`
	SignedIn   uuid.UUID `json:",omitzero"`
}

// Prompt is what an app wants the person to be asked (OpenID Connect Core, section 3.1.2.1).
type Prompt string

// The closed set of prompts. Create is that of Initiating User Registration 1.0.
const (
	PromptNone    Prompt = "none"
	PromptLogin   Prompt = "login"
	PromptConsent Prompt = "consent"
	PromptAccount Prompt = "select_account"
	PromptCreate  Prompt = "create"
)

// Refusal is an error for the app (RFC 6749, section 4.1.2.1).
type Refusal struct {
	Error       string
	Description string
}

// The names of errors that an app is sent: of RFC 6749, section 4.1.2.1, RFC 8707 and
// OpenID Connect Core, section 3.1.2.6.
const (
	InvalidRequest           = "invalid_request"
	UnauthorizedClient       = "unauthorized_client"
	AccessDenied             = "access_denied"
	UnsupportedResponseType  = "unsupported_response_type"
	InvalidScope             = "invalid_scope"
	InvalidTarget            = "invalid_target"
	LoginRequired            = "login_required"
	ConsentRequired          = "consent_required"
	AccountSelectionRequired = "account_selection_required"
	RequestNotSupported      = "request_not_supported"
	RequestURINotSupported   = "request_uri_not_supported"
	// UnmetAuthentication is that of Unmet Authentication Requirements 1.0, which RFC 9470, section 4, uses.
	UnmetAuthentication = "unmet_authentication_requirements"
)

// Asks says whether the app wants the person to be asked this.
func (r Request) Asks(p Prompt) bool { return slices.Contains(r.Prompts, p) }

// approved says whether the person of the session has just let the app in.
func (r Request) approved(who Person) bool {
	return r.ApprovedIn != uuid.Nil && r.ApprovedIn == who.Session
}

// Person is somebody who is signed in in a browser.
type Person struct {
	Account uuid.UUID
	// Session is the authorization of the browser.
	Session uuid.UUID
	Email   string
	// AuthenticatedAt is in full seconds.
	AuthenticatedAt time.Time
	AuthenticatedBy []string
}

// IsMetBy says whether the person has signed in for the request, or in another tab since it
// was made. That does whatever the request asks of a sign-in: so prompt=login asks once.
func (r Request) IsMetBy(who Person) bool {
	return who.Session != uuid.Nil && (r.SignedIn == who.Session || !who.AuthenticatedAt.Before(madeAt(r.ID)))
}

// lacksFactor says whether the request needs a second factor and the person has signed in
// without one.
func (r Request) lacksFactor(who Person) bool {
	return r.MultiFactor && !verify.IsMultiFactor(who.AuthenticatedBy)
}

// madeAt is the time in a UUIDv7, to the millisecond.
func madeAt(id uuid.UUID) time.Time {
	seconds, nanoseconds := id.Time().UnixTime()
	return time.Unix(seconds, nanoseconds)
}

// Apps reads clients; client.Store implements it.
type Apps interface {
	// App returns the client with an id, unless it is disabled. Fault: client_not_found.
	App(ctx context.Context, id uuid.UUID) (client.App, error)
}
