package authtest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/verify"
	"auth.books.test/verify/token"
)

// WantCode fails the test unless the error has the code; "" wants no error.
func WantCode(t testing.TB, what string, err error, code fault.Code) {
	t.Helper()
	switch {
	case code == "" && err != nil:
		t.Errorf("%s: got %v, want no error", what, err)
	case code != "" && (err == nil || fault.CodeOf(err) != code):
		t.Errorf("%s: got %v, want code %s", what, err, code)
	}
}

// WantInvalid fails the test unless the error is of one field, with the reason.
func WantInvalid(t testing.TB, what string, err error, location, reason string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.ValidationFailed || len(f.Fields) != 1 || f.Fields[0].Location != location || f.Fields[0].Reason != reason {
		t.Errorf("%s: got %v, want %s of %s", what, err, reason, location)
	}
}

// Verify gives what a live token says; nil of a dead one.
func (w *World) Verify(t token.Token) *verify.Principal {
	w.t.Helper()
	p, err := w.Verifier.Verify(context.Background(), t.Reveal())
	if errors.Is(err, verify.ErrInvalidToken) {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// IsLiveCookie says whether the token of a browser's cookie is live.
func (w *World) IsLiveCookie(t token.Token) bool {
	w.t.Helper()
	_, err := w.Verifier.VerifyBrowser(context.Background(), t.Reveal())
	if err != nil && !verify.IsDead(err) {
		w.t.Fatal(err)
	}
	return err == nil
}

// IsLive says whether a token is live.
func (w *World) IsLive(t token.Token) bool {
	w.t.Helper()
	return w.Verify(t) != nil
}

// WantScopes fails the test unless the token is live and has exactly these scopes.
func (w *World) WantScopes(what string, t token.Token, scopes ...string) {
	w.t.Helper()
	p := w.Verify(t)
	switch {
	case p == nil:
		w.t.Errorf("%s: the token is dead", what)
	case !slices.Equal(p.Scopes, scopes):
		w.t.Errorf("%s: the token has %q, want %q", what, p.Scopes, scopes)
	}
}
