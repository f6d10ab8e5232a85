package main_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/token"
)

// personal makes a personal access token.
func (a *api) personal(session, scope string) (secret, id string) {
	a.t.Helper()
	got := a.call("POST", "/v1/tokens", session, map[string]any{"name": "backup", "scope": scope})
	details, _ := got.body["details"].(map[string]any)
	id, _ = details["id"].(string)
	if secret = got.text("token"); got.status != http.StatusCreated || secret == "" || id == "" {
		a.t.Fatalf("make a token: %d %s", got.status, got.raw)
	}
	return secret, id
}

func TestPersonalTokenIsForAPIsAndNotForTheAccount(t *testing.T) {
	t.Parallel()
	a := start(t)
	session, _ := a.library()
	books := a.client("books")
	secret, id := a.personal(session, "books:read")
	if got := a.introspect(secret, books); got.text("scope") != "books:read" || got.text("username") != email || got.body["auth_time"] != nil || got.body["amr"] != nil {
		t.Errorf("introspection says %s", got.raw)
	}
	if got := a.call("GET", "/verify?api=books", secret, nil); got.status != http.StatusNoContent && got.status != http.StatusOK {
		t.Errorf("GET /verify: %d", got.status)
	}
	for _, call := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/v1/tokens", map[string]any{"name": "another", "scope": "books:read"}}, {"GET", "/v1/tokens", nil}, {"DELETE", "/v1/tokens/" + id, nil},
		{"PATCH", "/v1/accounts/me", map[string]string{"name": "Eve"}}, {"DELETE", "/v1/accounts/me", map[string]string{"password": password}},
		{"PUT", "/v1/accounts/me/password", map[string]string{"current_password": password, "new_password": "another engine weaves patterns"}},
		{"GET", "/v1/sessions", nil}, {"DELETE", "/v1/sessions?all=true", nil}, {"GET", "/v1/authorizations", nil}, {"GET", "/v1/accounts/me/events", nil}, {"GET", "/v1/accounts/me/export", nil},
	} {
		a.want(a.call(call.method, call.path, secret, call.body), 403, "insufficient_scope")
	}
	listed := a.call("GET", "/v1/tokens", session, nil)
	if !strings.Contains(listed.raw, id) || strings.Contains(listed.raw, secret) {
		t.Errorf("listed %s", listed.raw)
	}
	// Whoever holds it can end it.
	a.want(a.call("DELETE", "/v1/sessions/current", secret, nil), 204, "")
	a.want(a.me(secret), 401, "invalid_token")
	a.want(a.me(session), 200, "")
}

func TestPersonalTokenIsMadeOnlyAfterARecentSignInOfOnesOwn(t *testing.T) {
	t.Parallel()
	a := start(t)
	session, _ := a.library()
	wanted := map[string]any{"name": "backup", "scope": "books:read"}
	for _, c := range []struct {
		change map[string]any
		status int
		code   string
	}{
		{map[string]any{"scope": "account"}, 422, "invalid_scope"}, {map[string]any{"scope": "books:eat"}, 422, "invalid_scope"}, {map[string]any{"scope": " "}, 422, "validation_failed"},
		{map[string]any{"name": ""}, 422, "validation_failed"}, {map[string]any{"expires_in": 1}, 422, "validation_failed"}, {map[string]any{"expires_in": 366 * 24 * 3600}, 422, "validation_failed"},
		{map[string]any{"expires_in": int64(1) << 62}, 422, "validation_failed"}, {map[string]any{"account": "somebody else"}, 422, "validation_failed"},
	} {
		asked := map[string]any{"name": wanted["name"], "scope": wanted["scope"]}
		for name, value := range c.change {
			asked[name] = value
		}
		a.want(a.call("POST", "/v1/tokens", session, asked), c.status, c.code)
	}
	if _, err := a.postgres().Exec(t.Context(), `UPDATE authorizations SET auth_time = auth_time - interval '16 minutes'`); err != nil {
		t.Fatal(err)
	}
	// The record is written anew with the older time.
	a.want(a.call("PATCH", "/v1/accounts/me", session, map[string]string{"name": "Ada"}), 200, "")
	a.want(a.call("POST", "/v1/tokens", session, wanted), 401, "insufficient_user_authentication")
	again, _ := a.signIn(email, password)
	a.personal(again, "books:read")
}

func TestOperatorEndsAPersonalToken(t *testing.T) {
	t.Parallel()
	a := start(t)
	session, id := a.library()
	secret, public := a.personal(session, "books:read")
	for _, wrong := range []string{id, "00000000-0000-0000-0000-000000000000", secret} {
		if out, err := a.run("token", "end", wrong); err == nil || strings.Contains(out, secret) {
			t.Errorf("token end %.8s: %v %s", wrong, err, out)
		}
	}
	a.want(a.me(secret), 200, "")
	a.must("token", "end", public)
	devtest.Eventually(t, "it is dead here, too", func() bool { return a.me(secret).status == 401 })
	a.want(a.me(session), 200, "")
}

// The pattern of docs/tokens.md, with which scanners of secrets find tokens.
func TestScannerFindsToken(t *testing.T) {
	t.Parallel()
	a := start(t)
	session, _ := a.library()
	secret, _ := a.personal(session, "books:read")
	page, err := os.ReadFile("../../docs/tokens.md")
	if err != nil {
		t.Fatal(err)
	}
	printed := regexp.MustCompile("`(\\\\b[^`]+)`").FindSubmatch(page)
	if printed == nil {
		t.Fatal("docs/tokens.md has no pattern")
	}
	pattern := regexp.MustCompile(string(printed[1]))
	leaked := "export TOKEN=" + secret + "\ncurl -H 'Authorization: Bearer " + session + "'"
	if found := pattern.FindAllString(leaked, -1); len(found) != 2 || found[0] != secret || found[1] != session {
		t.Errorf("%s found %q", pattern, found)
	}
	for _, other := range []string{"bpt", "the_bptoken_of_somebody_else_with_a_rather_long_name_that_goes_on_and_on_and_on", secret[1:]} {
		if pattern.MatchString(other) {
			t.Errorf("%s finds %q", pattern, other)
		}
	}
	if _, err := token.Parse(secret); err != nil {
		t.Error(err)
	}
}
