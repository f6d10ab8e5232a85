// Package signin is shared by all routes with which a person signs in.
package signin

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/passkey"
	"auth.books.test/services/auth-api/internal/session"
)

// Login signs people in; login.Service implements it.
type Login interface {
	Password(ctx context.Context, a login.Attempt) (login.Opened, error)
	SecondStep(ctx context.Context, a login.SecondAttempt) (login.Opened, error)
	Ways(ctx context.Context, handle string) (login.Ways, error)
	BeginPasskey(ctx context.Context, handle string) (passkey.Begun, error)
	Passkey(ctx context.Context, a login.PasskeyAttempt) (login.Opened, error)
}

// Credentials are what somebody signs in with.
type Credentials struct {
	Email, Password string
	// Scopes are separated by spaces.
	Scopes string
	// Device is the device token of an earlier sign-in, or "".
	Device string
	// Browser asks for a token for a browser's cookie.
	Browser bool
	// Session is the one that the browser has; see session.Opening.
	Session uuid.UUID
}

// WithPassword signs a person in, from the user agent and the address of the request. The
// error may be a *login.Challenge.
func WithPassword(ctx context.Context, l Login, c Credentials) (login.Opened, error) {
	r, _ := request.Of(ctx)
	return l.Password(request.WithDisconnect(ctx), login.Attempt{
		Email: c.Email, Password: c.Password, Device: c.Device, Scopes: strings.Fields(c.Scopes), Browser: c.Browser, Session: c.Session, From: session.Origin{Device: r.UserAgent, IP: r.IP},
	})
}

// WithCode finishes a sign-in whose account needs a second step. browser and id are Browser
// and Session of Credentials.
func WithCode(ctx context.Context, l Login, handle, code string, browser bool, id uuid.UUID) (login.Opened, error) {
	r, _ := request.Of(ctx)
	return l.SecondStep(request.WithDisconnect(ctx), login.SecondAttempt{Handle: handle, Code: code, Browser: browser, Session: id, From: session.Origin{Device: r.UserAgent, IP: r.IP}})
}

// WithPasskey signs a person in with a passkey: alone, or, with the handle of a challenge, as the
// second step. Of the credentials, address and password are not needed.
func WithPasskey(ctx context.Context, l Login, handle string, a login.Assertion, c Credentials) (login.Opened, error) {
	r, _ := request.Of(ctx)
	from := session.Origin{Device: r.UserAgent, IP: r.IP}
	ctx = request.WithDisconnect(ctx)
	if handle != "" {
		return l.SecondStep(ctx, login.SecondAttempt{Handle: handle, Passkey: a, Browser: c.Browser, Session: c.Session, From: from})
	}
	return l.Passkey(ctx, login.PasskeyAttempt{Assertion: a, Device: c.Device, Scopes: strings.Fields(c.Scopes), Browser: c.Browser, Session: c.Session, From: from})
}

// TokenAnswer has the fields of RFC 6749, section 5.1.
type TokenAnswer struct {
	AccessToken string `json:"access_token" doc:"The token. It is shown only once"`
	TokenType   string `json:"token_type" enum:"Bearer"`
	ExpiresIn   int64  `json:"expires_in" doc:"Seconds until the token ends if it is not used before"`
	Scope       string `json:"scope" doc:"The token's scopes, separated by spaces"`
}

// Answer is the answer to a sign-in, with the token.
func Answer(o login.Opened, now time.Time) TokenAnswer {
	ends := o.IdleExpiresAt
	if o.ExpiresAt.Before(ends) {
		ends = o.ExpiresAt
	}
	return TokenAnswer{AccessToken: o.Token.Reveal(), TokenType: "Bearer", ExpiresIn: max(0, int64(ends.Sub(now).Seconds())), Scope: strings.Join(o.Scopes, " ")}
}
