// Package signin is what all routes by which a person signs in have in common.
package signin

import (
	"context"
	"strings"
	"time"

	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/session"
)

// Login signs people in; login.Service does it.
type Login interface {
	Password(ctx context.Context, a login.Attempt) (session.Opened, error)
}

// WithPassword signs in from the device and the address of the request. The scopes
// are separated by spaces.
func WithPassword(ctx context.Context, l Login, email, password, scopes string) (session.Opened, error) {
	r, _ := request.Of(ctx)
	return l.Password(request.Leaving(ctx), login.Attempt{
		Email: email, Password: password, Scopes: strings.Fields(scopes), From: session.Origin{Device: r.UserAgent, IP: r.IP},
	})
}

// TokenAnswer has the fields of RFC 6749, section 5.1.
type TokenAnswer struct {
	AccessToken string `json:"access_token" doc:"The token. It is shown once"`
	TokenType   string `json:"token_type" enum:"Bearer"`
	ExpiresIn   int64  `json:"expires_in" doc:"Seconds until the token ends if it is not used"`
	Scope       string `json:"scope" doc:"What the token allows, with spaces"`
}

// Answer tells the token of a session.
func Answer(o session.Opened, now time.Time) TokenAnswer {
	ends := o.IdleExpiresAt
	if o.ExpiresAt.Before(ends) {
		ends = o.ExpiresAt
	}
	return TokenAnswer{AccessToken: o.Token.Reveal(), TokenType: "Bearer", ExpiresIn: max(0, int64(ends.Sub(now).Seconds())), Scope: strings.Join(o.Scopes, " ")}
}
