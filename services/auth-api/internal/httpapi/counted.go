package httpapi

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/page"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/passkey"
	"auth.books.test/verify"
)

// countedVerifier counts verifications by their result.
type countedVerifier struct {
	verifier verify.Verifier
	verifications
}

// Verify verifies a token and counts the result.
func (c *countedVerifier) Verify(ctx context.Context, accessToken string) (*verify.Principal, error) {
	principal, err := c.verifier.Verify(ctx, accessToken)
	c.count(err)
	return principal, err
}

// countedBrowsers counts verifications of browsers' cookies by their result.
type countedBrowsers struct {
	verifier page.Verifier
	verifications
}

// VerifyBrowser verifies the token of a cookie and counts the result.
func (c *countedBrowsers) VerifyBrowser(ctx context.Context, cookie string) (*verify.Principal, error) {
	principal, err := c.verifier.VerifyBrowser(ctx, cookie)
	c.count(err)
	return principal, err
}

func (v verifications) count(err error) {
	switch {
	case err == nil:
		v.ok.Inc()
	case verify.IsDead(err):
		v.invalid.Inc()
	default:
		v.unavailable.Inc()
	}
}

// countedLogin counts sign-ins by their result.
type countedLogin struct {
	login   signin.Login
	signIns *prometheus.CounterVec
}

// Password signs a person in and counts the result.
func (c *countedLogin) Password(ctx context.Context, a login.Attempt) (login.Opened, error) {
	opened, err := c.login.Password(ctx, a)
	c.count(err)
	return opened, err
}

// SecondStep finishes a sign-in and counts the result.
func (c *countedLogin) SecondStep(ctx context.Context, a login.SecondAttempt) (login.Opened, error) {
	opened, err := c.login.SecondStep(ctx, a)
	c.count(err)
	return opened, err
}

// BeginPasskey begins a sign-in, which is none yet.
func (c *countedLogin) BeginPasskey(ctx context.Context, handle string) (passkey.Begun, error) {
	return c.login.BeginPasskey(ctx, handle)
}

// Ways says how a sign-in may go on, which is none yet.
func (c *countedLogin) Ways(ctx context.Context, handle string) (login.Ways, error) {
	return c.login.Ways(ctx, handle)
}

// Passkey signs a person in and counts the result.
func (c *countedLogin) Passkey(ctx context.Context, a login.PasskeyAttempt) (login.Opened, error) {
	opened, err := c.login.Passkey(ctx, a)
	c.count(err)
	return opened, err
}

func (c *countedLogin) count(err error) {
	result := "ok"
	if err != nil {
		result = string(fault.CodeOf(err))
	}
	c.signIns.WithLabelValues(result).Inc()
}
