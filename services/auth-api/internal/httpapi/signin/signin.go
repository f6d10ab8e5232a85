// Package signin is shared by all routes with which a person signs in.
package signin

import (
	"context"
	"strings"
	"time"

	"auth.books.test/services/auth-api/internal/httpapi/request"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/session"
)

// Login signs people in; login.Service implements it.
type Login interface {
	Password(ctx context.Context, a login.Attempt) (session.Opened, error)
}

// WithPassword signs a person in, from the device and the address of the request. The
// scopes are separated by spaces.
func WithPassword(ctx context.Context, l Login, email, password, scopes string) (session.Opened, error) {
	r, _ := request.Of(ctx)
	return l.Password(request.WithDisconnect(ctx), login.Attempt{
		Email: email, Password: password, Scopes: strings.Fields(scopes), From: session.Origin{Device: r.UserAgent, IP: r.IP},
	})
}

// TokenAnswer has the fields of RFC 6749, section 5.1.
type TokenAnswer struct {
	AccessToken string `json:"access_token" doc:"The token. It is shown only once"`
	TokenType   string `json:"token_type" enum:"Bearer"`
	ExpiresIn   int64  `json:"expires_in" doc:"Seconds until the token ends if it is not used before"`
	Scope       string `json:"scope" doc:"The token's scopes, separated by spaces"`
}

// Answer is the answer to a sign-in, with the token.
func Answer(o session.Opened, now time.Time) TokenAnswer {
	ends := o.IdleExpiresAt
	if o.ExpiresAt.Before(ends) {
		ends = o.ExpiresAt
	}
	return TokenAnswer{AccessToken: o.Token.Reveal(), TokenType: "Bearer", ExpiresIn: max(0, int64(ends.Sub(now).Seconds())), Scope: strings.Join(o.Scopes, " ")}
}
