package main_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/servicetest"
	"auth.books.test/internal/servicetest/passkeytest"
)

// onLocalhost makes the service known as localhost, where browsers have passkeys.
func onLocalhost(s settings) {
	s["AUTH_API_ISSUER"] = strings.Replace(s["AUTH_API_ISSUER"], "127.0.0.1", "localhost", 1)
}

// asLocalhost makes tests use the name that onLocalhost gives.
func (a *api) asLocalhost() *api {
	a.url = a.env["AUTH_API_ISSUER"]
	return a
}

// laptop is a device for the pages of the service.
func (a *api) laptop() *passkeytest.Device {
	return passkeytest.New(a.t, "localhost", a.env["AUTH_API_ISSUER"])
}

// raw is a part of an answer as it was sent.
func (a *api) raw(from answer, name string) json.RawMessage {
	a.t.Helper()
	var parts map[string]json.RawMessage
	if err := json.Unmarshal([]byte(from.raw), &parts); err != nil || parts[name] == nil {
		a.t.Fatalf("%s is not in %d %s", name, from.status, from.raw)
	}
	return parts[name]
}

// addPasskey adds the passkey of a device to the account of a session.
func (a *api) addPasskey(session, name string, d *passkeytest.Device) answer {
	a.t.Helper()
	begun := a.call("POST", "/v1/accounts/me/passkeys/options", session, nil)
	a.want(begun, 200, "")
	return a.call("POST", "/v1/accounts/me/passkeys", session, map[string]any{"name": name, "ceremony": begun.text("ceremony"), "credential": d.Create(a.raw(begun, "options"))})
}

// signInWithPasskey signs in with the passkey of a device: alone, or with a challenge.
func (a *api) signInWithPasskey(challenge string, d *passkeytest.Device) answer {
	a.t.Helper()
	with := map[string]any{}
	if challenge != "" {
		with["challenge"] = challenge
	}
	begun := a.call("POST", "/v1/sessions/passkey/options", "", with)
	a.want(begun, 200, "")
	with["ceremony"], with["credential"] = begun.text("ceremony"), d.Get(a.raw(begun, "options"))
	return a.call("POST", "/v1/sessions/passkey", "", with)
}

func TestPasskeysOverJSON(t *testing.T) {
	t.Parallel()
	a := withPages(t, onLocalhost)
	session, _ := a.member()
	elsewhere, _ := a.signIn(email, password)
	d := a.laptop()
	added := a.addPasskey(session, "My laptop", d)
	a.want(added, 201, "")
	recovery := texts(added.body["recovery_codes"])
	if len(recovery) != 10 {
		t.Errorf("%d recovery codes", len(recovery))
	}
	a.want(a.me(elsewhere), 401, "invalid_token")
	if got := a.call("GET", "/v1/accounts/me/factors", session, nil); got.body["passkeys"] != 1.0 || got.body["totp"] != false || got.body["recovery_codes"] != 10.0 {
		t.Errorf("factors: %s", got.raw)
	}
	alone := a.signInWithPasskey("", d)
	a.want(alone, 201, "")
	listed := a.call("GET", "/v1/accounts/me/passkeys", alone.text("access_token"), nil)
	if list, _ := listed.body["passkeys"].([]any); len(list) != 1 || !strings.Contains(listed.raw, `"name":"My laptop"`) || !strings.Contains(listed.raw, "last_used_at") {
		t.Errorf("listed: %s", listed.raw)
	}
	// The password alone does not do any more.
	first := a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	a.want(first, 202, "")
	if methods := texts(first.body["methods"]); !slices.Equal(methods, []string{"passkey", "recovery_code"}) {
		t.Errorf("methods: %q", methods)
	}
	evil := *d
	evil.Origin = "https://evil.test"
	refused := a.signInWithPasskey(first.text("challenge"), &evil)
	a.want(refused, 403, "invalid_passkey")
	if !strings.Contains(refused.raw, "a page of another site") {
		t.Errorf("it does not say why: %s", refused.raw)
	}
	second := a.signInWithPasskey(first.text("challenge"), d)
	a.want(second, 201, "")
	// Two recent factors add another; a token of the password and a code remove it.
	phone := a.laptop()
	more := a.addPasskey(second.text("access_token"), "My phone", phone)
	a.want(more, 201, "")
	if codes, is := more.body["recovery_codes"].([]any); !is || len(codes) != 0 {
		t.Errorf("new codes: %s", more.raw)
	}
	path := "/v1/accounts/me/passkeys/"
	var ids []string
	for _, one := range a.call("GET", "/v1/accounts/me/passkeys", session, nil).body["passkeys"].([]any) {
		ids = append(ids, one.(map[string]any)["id"].(string))
	}
	a.want(a.call("DELETE", path+"00000000-0000-4000-8000-000000000000", session, nil), 404, "factor_not_found")
	a.want(a.call("DELETE", path+ids[1], session, nil), 204, "")
	a.want(a.me(second.text("access_token")), 401, "invalid_token")
	a.want(a.signInWithPasskey("", phone), 403, "invalid_passkey")
	a.want(a.call("DELETE", path+ids[0], session, nil), 204, "")
	a.signIn(email, password)
}

func TestPasskeysAskForWhatOtherFactorsAskFor(t *testing.T) {
	t.Parallel()
	a := withPages(t, onLocalhost)
	session, _ := a.library()
	// An app that was let in changes nothing about how its person signs in.
	app := a.registered("--name", "Shelf", "--first-party", "--redirect-uri", callback)
	code, verifier := a.person().letIn(app, "openid account")
	token := a.grantAs(app, exchangeOf(code, verifier)).text("access_token")
	for method, path := range map[string]string{"POST": "/v1/accounts/me/passkeys/options", "DELETE": "/v1/accounts/me/passkeys/00000000-0000-4000-8000-000000000000"} {
		a.want(a.call(method, path, token, nil), 403, "session_required")
	}
	if _, err := a.postgres().Exec(t.Context(), `UPDATE authorizations SET auth_time = auth_time - interval '16 minutes'`); err != nil {
		t.Fatal(err)
	}
	// The record is written anew with the older time.
	a.want(a.call("PATCH", "/v1/accounts/me", session, map[string]string{"name": "Ada"}), 200, "")
	a.want(a.call("POST", "/v1/accounts/me/passkeys/options", session, nil), 401, "insufficient_user_authentication")
	session, _ = a.signIn(email, password)
	a.secondFactor(session)
	d := a.laptop()
	a.want(a.addPasskey(session, "My laptop", d), 201, "")
	first := a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	if methods := texts(first.body["methods"]); !slices.Equal(methods, []string{"otp", "passkey", "recovery_code"}) {
		t.Errorf("methods: %q", methods)
	}
	a.want(a.call("DELETE", "/v1/accounts/me/totp", session, nil), 204, "")
	if got := a.call("GET", "/v1/accounts/me/factors", session, nil); got.body["passkeys"] != 1.0 || got.body["totp"] != false || got.body["recovery_codes"] != 10.0 {
		t.Errorf("the app is gone, the passkey stays: %s", got.raw)
	}
}

func TestServiceWithoutADomainSaysThatItHasNoPasskeys(t *testing.T) {
	t.Parallel()
	a := start(t)
	session, _ := a.member()
	a.want(a.call("POST", "/v1/accounts/me/passkeys/options", session, nil), 403, "passkeys_not_configured")
	a.want(a.call("POST", "/v1/sessions/passkey/options", "", map[string]string{}), 403, "passkeys_not_configured")
}

func TestChangedDomainIsRefusedWhileThereArePasskeys(t *testing.T) {
	t.Parallel()
	a := withPages(t, onLocalhost)
	session, _ := a.member()
	a.want(a.addPasskey(session, "My laptop", a.laptop()), 201, "")
	env := maps.Clone(a.env)
	env["AUTH_API_ISSUER"], env["AUTH_API_ADDR"] = "https://auth.books.test", "127.0.0.1:0"
	out, err := servicetest.Command(t, servicetest.AuthAPI, env, "serve")
	if err == nil || !strings.Contains(out, "there are 1 passkeys for localhost") {
		t.Errorf("%v: %s", err, out)
	}
	if got := a.call(http.MethodGet, "/readyz", "", nil); got.status != 200 {
		t.Errorf("the other goes on: %d", got.status)
	}
}
