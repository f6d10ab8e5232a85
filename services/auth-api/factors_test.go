package main_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"auth.books.test/internal/devstack/devtest"
)

// otp is the code of an authenticator app some steps from now. The one of the step before is
// good until this step ends, so that it is not given shortly before that.
func (a *api) otp(secret string, steps int) string {
	a.t.Helper()
	if steps < 0 {
		devtest.Eventually(a.t, "this step has ten seconds left", func() bool { return time.Now().Unix()%30 < 20 })
	}
	code, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(steps)*30*time.Second))
	if err != nil {
		a.t.Fatal(err)
	}
	return code
}

// secondFactor turns the second factor on for the account of a session.
func (a *api) secondFactor(session string) (secret string, recovery []string) {
	a.t.Helper()
	begun := a.call("POST", "/v1/accounts/me/totp", session, nil)
	a.want(begun, 201, "")
	secret = begun.text("secret")
	confirmed := a.call("POST", "/v1/accounts/me/totp/confirmation", session, map[string]string{"code": a.otp(secret, -1)})
	a.want(confirmed, 200, "")
	return secret, texts(confirmed.body["recovery_codes"])
}

func texts(list any) (all []string) {
	items, _ := list.([]any)
	for _, item := range items {
		text, _ := item.(string)
		all = append(all, text)
	}
	return all
}

// signInWith signs in with a password and a code.
func (a *api) signInWith(email, password, code string) (token string) {
	a.t.Helper()
	first := a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	a.want(first, 202, "")
	second := a.call("POST", "/v1/sessions/second-step", "", map[string]string{"challenge": first.text("challenge"), "code": code})
	a.want(second, 201, "")
	return second.text("access_token")
}

func TestSecondStepOverJSON(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_PASSWORD_GRANT"] = "true" })
	session, _ := a.member()
	if got := a.call("GET", "/v1/accounts/me/factors", session, nil); got.status != 200 || got.body["totp"] != false {
		t.Errorf("without a factor: %s", got.raw)
	}
	a.want(a.call("DELETE", "/v1/accounts/me/totp", session, nil), 404, "factor_not_found")
	a.want(a.call("POST", "/v1/accounts/me/totp/confirmation", session, map[string]string{"code": "123456"}), 404, "factor_not_found")
	secret, recovery := a.secondFactor(session)
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes", len(recovery))
	}
	a.want(a.call("POST", "/v1/accounts/me/totp", session, nil), 401, "insufficient_user_authentication")

	first := a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	a.want(first, 202, "")
	if first.text("access_token") != "" || first.text("challenge") == "" || !slices.Equal(texts(first.body["methods"]), []string{"otp", "recovery_code"}) || first.body["expires_in"] != 300.0 {
		t.Errorf("the challenge is %s", first.raw)
	}
	try := func(code string) answer {
		return a.call("POST", "/v1/sessions/second-step", "", map[string]string{"challenge": first.text("challenge"), "code": code})
	}
	a.want(try("xyz"), 422, "validation_failed")
	a.want(try(strings.Repeat("a", 24)), 403, "invalid_code")
	got := try(a.otp(secret, 0))
	a.want(got, 201, "")
	strong := got.text("access_token")
	a.want(try(a.otp(secret, 1)), 410, "request_expired")
	a.want(a.call("POST", "/v1/accounts/me/totp", strong, nil), 409, "already_exists")
	if got := a.call("GET", "/v1/accounts/me/factors", strong, nil); got.body["totp"] != true || got.body["recovery_codes"] != 10.0 || got.text("since") == "" {
		t.Errorf("with a factor: %s", got.raw)
	}
	if got := a.form("grant_type=password&username=ada%40books.test&password=notes+on+the+analytical+engine"); got.status != 400 || got.text("error") != "invalid_grant" || got.text("access_token") != "" {
		t.Errorf("the password form: %d %s", got.status, got.raw)
	}
	// A session of before the factor, and one that is not recent, change nothing.
	for _, r := range [][2]string{{"DELETE", "/v1/accounts/me/totp"}, {"POST", "/v1/accounts/me/recovery-codes"}} {
		a.want(a.call(r[0], r[1], session, nil), 401, "insufficient_user_authentication")
	}
	fresh := a.call("POST", "/v1/accounts/me/recovery-codes", strong, nil)
	a.want(fresh, 201, "")
	first = a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	a.want(try(recovery[0]), 403, "invalid_code")
	a.want(try(strings.ToUpper(texts(fresh.body["recovery_codes"])[0])), 201, "")
	a.want(a.call("DELETE", "/v1/accounts/me/totp", strong, nil), 204, "")
	a.signIn(email, password)
}

func TestAddingFactorNeedsStepUp(t *testing.T) {
	t.Parallel()
	a := start(t)
	session, _ := a.library()
	secret, _ := a.personal(session, "books:read")
	a.want(a.call("POST", "/v1/accounts/me/totp", secret, nil), 403, "insufficient_scope")
	if _, err := a.postgres().Exec(t.Context(), `UPDATE authorizations SET auth_time = auth_time - interval '16 minutes'`); err != nil {
		t.Fatal(err)
	}
	// The record is written anew with the older time.
	a.want(a.call("PATCH", "/v1/accounts/me", session, map[string]string{"name": "Ada"}), 200, "")
	for _, path := range []string{"/v1/accounts/me/totp", "/v1/accounts/me/recovery-codes"} {
		a.want(a.call("POST", path, session, nil), 401, "insufficient_user_authentication")
	}
}

// A reset proves the address, not the second factor; of an address that nobody has proved
// before, the factor is somebody else's and goes.
func TestResetStillAsksFactor(t *testing.T) {
	t.Parallel()
	for _, verified := range []bool{true, false} {
		a, box := withMail(t)
		session, _ := a.member()
		if verified {
			a.must("account", "verify", email)
		}
		_, recovery := a.secondFactor(session)
		open := a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
		asked := a.call("POST", "/v1/password-resets", "", map[string]string{"email": email})
		a.want(asked, 202, "")
		typed, _ := codeIn(t, box, 1)
		const next = "five orange pips in a letter"
		a.want(a.call("POST", "/v1/password-resets/"+asked.text("id")+"/confirmation", "", map[string]string{"code": typed, "new_password": next}), 204, "")
		a.want(a.call("POST", "/v1/sessions/second-step", "", map[string]string{"challenge": open.text("challenge"), "code": recovery[0]}), 410, "request_expired")
		want := map[bool]int{true: 202, false: 201}[verified]
		a.want(a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": next}), want, "")
	}
}
