package httpapi

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/httpapi/signin"
	"auth.books.test/services/auth-api/internal/login"
	"auth.books.test/services/auth-api/internal/session"
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
	switch {
	case err == nil:
		c.ok.Inc()
	case verify.IsDead(err):
		c.invalid.Inc()
	default:
		c.unavailable.Inc()
	}
	return principal, err
}

// countedLogin counts sign-ins by their result.
type countedLogin struct {
	login   signin.Login
	signIns *prometheus.CounterVec
}

// Password signs a person in and counts the result.
func (c *countedLogin) Password(ctx context.Context, a login.Attempt) (session.Opened, error) {
	opened, err := c.login.Password(ctx, a)
	result := "ok"
	if err != nil {
		result = string(fault.CodeOf(err))
	}
	c.signIns.WithLabelValues(result).Inc()
	return opened, err
}
