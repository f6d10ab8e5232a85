package main_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

const (
	shelf    = "https://shelf.test"
	importer = "https://importer.test"
)

// Pages of an app call the token endpoint from its own origins, and can read errors as well.
func TestPagesOfAnAppCallTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	a := withPages(t, func(s settings) { s["AUTH_API_SIGNING_KEY"] = servicetest.SigningKey(t, "k1") })
	a.library()
	app, other, ada := a.app("--public", "--origin", shelf), a.app("--public", "--origin", importer), a.person()
	code, verifier := ada.letIn(app, "books:read")
	form := exchangeOf(code, verifier)
	form.Set("client_id", app.id)
	with := func(path, origin string, form url.Values, header ...string) answer {
		h := map[string]string{"Content-Type": formType}
		if len(header) > 0 {
			h["Authorization"] = header[0]
		}
		return a.from(origin, "POST", path, form.Encode(), h)
	}
	readable := func(what string, got answer, status int, origin string) {
		t.Helper()
		h := got.header
		if got.status != status || h.Get("Access-Control-Allow-Origin") != origin || h.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") {
			t.Errorf("%s: %d %s %v", what, got.status, got.raw, h)
		}
		if exposed := strings.Split(h.Get("Access-Control-Expose-Headers"), ", "); slices.Contains(exposed, "WWW-Authenticate") != (origin != "") {
			t.Errorf("%s: exposed %v", what, exposed)
		}
	}
	first := with("/oauth/token", shelf, form)
	readable("a code", first, 200, shelf)
	readable("the code once more", with("/oauth/token", shelf, form), 400, shelf)
	readable("the code, from a page of another app", with("/oauth/token", importer, form), 400, "")
	readable("the code, from a page of nobody", with("/oauth/token", evil, form), 400, "")
	readable("a secret", with("/oauth/token", shelf, url.Values{"grant_type": {"refresh_token"}}, basic(app.id, "bcs_nonsense")), 401, shelf)
	readable("a secret, from a page of another app", with("/oauth/token", importer, url.Values{"grant_type": {"refresh_token"}}, basic(app.id, "bcs_nonsense")), 401, "")
	readable("no grant type", with("/oauth/token", shelf, url.Values{}), 400, shelf)
	readable("no client", with("/oauth/token", shelf, url.Values{"grant_type": {"refresh_token"}}), 401, shelf)
	readable("an unknown client", with("/oauth/token", shelf, url.Values{"grant_type": {"refresh_token"}, "client_id": {"nonsense"}}), 401, shelf)
	readable("another method", a.from(shelf, "GET", "/oauth/token", "", nil), 405, shelf)
	readable("a large body", a.from(shelf, "POST", "/oauth/token", strings.Repeat("a", 5000), map[string]string{"Content-Type": formType}), 413, shelf)
	readable("revocation", with("/oauth/revoke", shelf, url.Values{"token": {first.text("access_token")}, "client_id": {app.id}}), 200, shelf)
	readable("revocation, from a page of another app", with("/oauth/revoke", importer, url.Values{"token": {"nonsense"}, "client_id": {app.id}}), 200, "")
	readable("revocation by the other app", with("/oauth/revoke", importer, url.Values{"token": {"nonsense"}, "client_id": {other.id}}), 200, importer)
	code, verifier = ada.letIn(app, "openid")
	form = exchangeOf(code, verifier)
	form.Set("client_id", app.id)
	second := with("/oauth/token", shelf, form)
	// Pages of any app may: what counts is the token.
	readable("userinfo", a.from(shelf, "GET", "/oauth/userinfo", "", map[string]string{"Authorization": "Bearer " + second.text("access_token")}), 200, shelf)
	readable("userinfo without a token", a.from(shelf, "GET", "/oauth/userinfo", "", nil), 401, shelf)
	readable("userinfo, from a page of nobody", a.from(evil, "GET", "/oauth/userinfo", "", nil), 401, "")
	for _, path := range []string{"/oauth/introspect", "/v1/accounts/me", "/verify"} {
		if got := with(path, shelf, url.Values{"token": {"a"}}); hasCORS(got.header) {
			t.Errorf("%s: %v", path, got.header)
		}
	}
	if got := a.guest().do("POST", "/oauth/authorize", "client_id="+app.id, map[string]string{"Content-Type": formType, "Origin": shelf}); hasCORS(got.header) {
		t.Errorf("a page: %v", got.header)
	}
}

func TestPreflightsAreAnsweredForOriginsOfApps(t *testing.T) {
	t.Parallel()
	a := withPages(t, func(s settings) { s["AUTH_API_SIGNING_KEY"] = servicetest.SigningKey(t, "k1") })
	a.library()
	app := a.app("--public", "--origin", shelf)
	preflight := func(origin, path string) answer {
		return a.from(origin, "OPTIONS", path, "", map[string]string{"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, dpop"})
	}
	for _, path := range []string{"/oauth/token", "/oauth/revoke", "/oauth/userinfo"} {
		got := preflight(shelf, path)
		h := got.header
		if got.status != 204 || h.Get("Access-Control-Allow-Origin") != shelf || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") || !strings.HasSuffix(h.Get("Access-Control-Allow-Headers"), ", dpop") || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %d %v", path, got.status, h)
		}
		for _, origin := range []string{evil, "null", shelf + ":8443", "http://shelf.test"} {
			if got := preflight(origin, path); hasCORS(got.header) {
				t.Errorf("%s from %s: %v", path, origin, got.header)
			}
		}
	}
	for _, path := range []string{"/oauth/introspect", "/oauth/authorize", "/v1/sessions"} {
		if got := preflight(shelf, path); hasCORS(got.header) {
			t.Errorf("%s: %v", path, got.header)
		}
	}
	a.must("client", "set", app.id, "--origin", importer)
	devtest.Eventually(t, "the change is known", func() bool {
		return hasCORS(preflight(importer, "/oauth/token").header) && !hasCORS(preflight(shelf, "/oauth/token").header)
	})
}
