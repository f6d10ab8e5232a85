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
	// The session that turned it on has shown both factors.
	a.want(a.call("POST", "/v1/accounts/me/totp", session, nil), 409, "already_exists")

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

// The password, which these ask for, is one factor of two.
func TestPasswordAloneChangesNothingOfAnAccountWithASecondFactor(t *testing.T) {
	t.Parallel()
	a := start(t)
	session, _ := a.member()
	secret, _ := a.secondFactor(session)
	strong := a.signInWith(email, password, a.otp(secret, 0))
	const next = "five orange pips in a letter"
	change := func(token string) answer {
		return a.call("PUT", "/v1/accounts/me/password", token, map[string]string{"current_password": password, "new_password": next})
	}
	remove := func(token, password string) answer {
		return a.call("DELETE", "/v1/accounts/me", token, map[string]string{"password": password})
	}
	refused := func(what, challenge string) {
		for does, got := range map[string]answer{
			"password": change(session), "deletion": remove(session, password), "factor": a.call("DELETE", "/v1/accounts/me/totp", session, nil),
			"recovery codes": a.call("POST", "/v1/accounts/me/recovery-codes", session, nil),
		} {
			a.want(got, 401, "insufficient_user_authentication")
			if !strings.Contains(got.header.Get("WWW-Authenticate"), challenge) {
				t.Errorf("%s, %s: %s", what, does, got.header.Get("WWW-Authenticate"))
			}
		}
	}
	// Records are written anew with what the row says.
	write := func(set string) {
		if _, err := a.postgres().Exec(t.Context(), `UPDATE authorizations SET `+set+` WHERE id = (SELECT min(id::text)::uuid FROM authorizations)`); err != nil {
			t.Fatal(err)
		}
		a.want(a.call("PATCH", "/v1/accounts/me", session, map[string]string{"name": "Ada"}), 200, "")
	}
	write(`amr = '{pwd}'`)
	refused("a sign-in with the password", `acr_values="`+multiFactor+`"`)
	write(`amr = '{pwd,otp,mfa}', auth_time = auth_time - interval '16 minutes'`)
	refused("one that is too old", `max_age="900"`)
	a.want(change(strong), 204, "")
	a.want(remove(strong, next), 204, "")
}

// An API asks for a second factor, and the app that is refused gets it.
func TestStepUpLeadsAnAppToATokenWithASecondFactor(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	a.offer("books", "editor", "books:read")
	a.must("role", "grant", email, "books", "editor", "--unverified-email")
	books := a.client("books")
	app := a.appAt("Reading List", readingCallback, true)
	a.allowBooks(app)
	weak, _ := a.signIn(email, password)
	if got := a.introspect(weak, books); got.body["active"] != true || got.body["acr"] != nil {
		t.Errorf("with a password: %s", got.raw)
	}
	const policy, challenge = "?api=books&multi_factor=true&max_age=900", `Bearer realm="books", error="insufficient_user_authentication", acr_values="` + multiFactor + `", max_age="900"`
	a.refusal(a.ask("GET", policy, weak), 401, "insufficient_user_authentication", challenge)

	// Without a second factor the app is told so, once the person has signed in.
	g := a.guest()
	g.signsIn(g.get("/sign-in"))
	asked := g.follow(g.get(linkOf(app, readingCallback, "acr_values", multiFactor)))
	g.wantPage("the app wants more", asked, 200, `id="password"`)
	if back := leads(t, g.follow(g.signsIn(asked))); back.Query().Get("error") != "unmet_authentication_requirements" {
		t.Errorf("without a second factor: %s", back)
	}
	secret, _ := g.turnsOn()
	// This browser has shown both; another is asked for both.
	if back := g.get(linkOf(app, readingCallback, "acr_values", multiFactor)).header.Get("Location"); !strings.HasPrefix(back, readingCallback+"?code=") {
		t.Errorf("the browser that turned it on: %s", back)
	}
	strong := a.signInWith(email, password, a.otp(secret, 0))
	if got := a.introspect(strong, books); got.body["acr"] != multiFactor {
		t.Errorf("with two factors: %s", got.raw)
	}
	for range 2 { // as the policy is read, and as it is kept
		if got := a.ask("GET", policy, strong); got.status != 204 {
			t.Errorf("with two factors: %d %s", got.status, got.raw)
		}
	}
}

const multiFactor = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"

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
