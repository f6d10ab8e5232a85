package oauth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/idtoken"
	"auth.books.test/services/auth-api/internal/oauth"
)

// hints are ID tokens by their text.
type hints map[string]idtoken.Claims

func (h hints) ReadHint(text, of string) (idtoken.Claims, error) {
	if claims, found := h[text]; found && of == issuer {
		return claims, nil
	}
	return idtoken.Claims{}, errors.New("invalid")
}

// OpenID Connect Core, section 3.1.2.1: a positive answer is about the person of the hint, or
// there is none.
func TestNobodyGetsThroughButThePersonOfTheHint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.app = w.register("first_party = true")
	long := strings.Repeat("a", 3000) // An ID token with many groups is larger than other parameters may be.
	w.Hints = hints{"of Ada": {Subject: w.person.Account.String()}, long: {Subject: w.person.Account.String()}, "of Grace": {Subject: uuid.NewString()}}
	for hint, c := range map[string]struct {
		before      oauth.Step // for Ada, who signed in before the request
		after, none string     // the error when she has signed in since, and that of prompt=none
	}{
		"of Ada": {oauth.Return, "", ""}, long: {oauth.Return, "", ""}, "of Grace": {oauth.SignIn, "login_required", "login_required"},
		"of nobody": {oauth.Return, "invalid_request", "invalid_request"}, strings.Repeat("a", 5000): {oauth.Return, "invalid_request", "invalid_request"},
	} {
		r := w.begin(w.params("id_token_hint", hint))
		if n := w.next(r, w.person); n.Step != c.before {
			t.Errorf("%.9s, signed in before: %s, want %s", hint, n.Step, c.before)
		}
		after := w.signIn()
		r.SignedIn = after.Session
		if got := w.arrived(w.next(r, after)); got.Get("error") != c.after || (got.Get("code") == "") != (c.after != "") {
			t.Errorf("%.9s, signed in since: %v", hint, got)
		}
		silent := w.begin(w.params("id_token_hint", hint, "prompt", "none"))
		if got := w.arrived(w.next(silent, w.person)); got.Get("error") != c.none || (got.Get("code") == "") != (c.none != "") {
			t.Errorf("%.9s, prompt=none: %v", hint, got)
		}
	}
	// A request that was sealed means the same person.
	sealed, err := w.Seal(w.begin(w.params("id_token_hint", "of Grace")), browser)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := w.Open(sealed, browser)
	if err != nil || w.next(opened, w.person).Step != oauth.SignIn {
		t.Errorf("%+v, %v", opened, err)
	}
}
