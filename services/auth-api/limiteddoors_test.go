package main_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

func TestReplicasAndDoorsShareALimit(t *testing.T) {
	t.Parallel()
	a := start(t, byAddress, func(s settings) { s["AUTH_API_LIMIT_SIGN_IN"], s["AUTH_API_PASSWORD_GRANT"] = "10/1m", "true" })
	b := startWith(t, a.env)
	from := func(int) string { return "203.0.113.9" }
	if n := a.misses(6, from) + b.misses(3, from); n != 9 {
		t.Errorf("%d were checked, want 9", n)
	}
	form := func() answer {
		r, err := http.NewRequestWithContext(t.Context(), "POST", b.url+"/oauth/token", strings.NewReader("grant_type=password&username="+email+"&password=wrong"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", from(0))
		return b.send(r)
	}
	b.wantOAuth("the last one", form(), 400, "invalid_grant")
	b.wantOAuth("one more", form(), 429, "temporarily_unavailable")
	if n := a.misses(3, from) + b.misses(3, from); n != 0 {
		t.Errorf("%d more were checked", n)
	}
}

func TestRefusalSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	a := start(t, limited, func(s settings) { s["AUTH_API_LIMIT_SIGN_IN"] = "1/2s" })
	a.member()
	a.want(a.signInAt("203.0.113.9", email, wrong), 401, "invalid_credentials")
	got := a.signInAt("203.0.113.9", email, password)
	a.want(got, 429, "too_many_attempts")
	h := got.header
	wait, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || wait < 1 || wait > 2 || h.Get("RateLimit-Policy") != `"sign_in_address";q=1;w=2` || h.Get("RateLimit") != fmt.Sprintf(`"sign_in_address";r=0;t=%d`, wait) {
		t.Errorf("%v", h)
	}
	devtest.Eventually(t, "there is a place again", func() bool { return a.signInAt("203.0.113.9", email, password).status == 201 })
}

func TestRegistrationsAreLimited(t *testing.T) {
	t.Parallel()
	a := start(t, limited, openToAll, func(s settings) { s["AUTH_API_LIMIT_REGISTRATION"] = "3/1m" })
	a.register(email, password)
	register := func(from, email string) answer {
		return a.at(from, "POST", "/v1/accounts", "", map[string]string{"email": email})
	}
	a.want(register("203.0.113.9", "eve"), 422, "validation_failed") // mails nothing
	for n := range 3 {
		a.want(register("203.0.113.9", fmt.Sprintf("eve%d@books.test", n%2)), 202, "")
	}
	a.want(register("203.0.113.9", "eve3@books.test"), 429, "too_many_attempts")
	a.want(register("198.51.100.7", "grace@books.test"), 202, "")
	a.want(a.signInAt("203.0.113.9", email, password), 201, "")
	if n := a.count("SELECT count(*) FROM mails"); n != 4 {
		t.Errorf("%d mails", n)
	}
}

// Whoever has taken a token can guess the password only so often, and keeps the owner out
// of nothing but this session.
func TestCurrentPasswordCanBeGuessedOnlySoOftenInASession(t *testing.T) {
	t.Parallel()
	a := start(t, limited, func(s settings) { s["AUTH_API_LIMIT_SESSION"] = "3/1m" })
	stolen, _ := a.member()
	mine, _ := a.signIn(email, password)
	change := func(token, current, next string) answer {
		return a.call("PUT", "/v1/accounts/me/password", token, map[string]string{"current_password": current, "new_password": next})
	}
	const next = "another four words and more"
	a.want(change(stolen, password, "short"), 422, "validation_failed") // the current one is right
	a.want(change(stolen, wrong, next), 403, "wrong_password")
	a.want(change(stolen, wrong, next), 403, "wrong_password")
	a.want(a.call("DELETE", "/v1/accounts/me", stolen, map[string]string{"password": wrong}), 403, "wrong_password")
	a.want(change(stolen, password, next), 429, "too_many_attempts")
	a.want(a.call("DELETE", "/v1/accounts/me", stolen, map[string]string{"password": password}), 429, "too_many_attempts")
	a.want(change(mine, password, next), 204, "")
}

func TestWrongSecretsOfClientsAreLimitedAndRightOnesNever(t *testing.T) {
	t.Parallel()
	a := start(t, limited, func(s settings) { s["AUTH_API_LIMIT_CLIENT"] = "4/1m" })
	token, _ := a.library()
	right := a.client("books")
	bad := right
	bad.secret = right.secret[:len(right.secret)-1] + map[bool]string{true: "A", false: "B"}[strings.HasSuffix(right.secret, "B")]
	for _, ask := range []func() answer{
		func() answer { return a.introspect(token, bad) }, func() answer { return a.introspectAll(bad, token) },
		func() answer { return a.revoke(token, bad) }, func() answer { return a.introspect(token, bad) },
	} {
		a.wantOAuth("a wrong secret", ask(), 401, "invalid_client")
	}
	for _, ask := range []func() answer{
		func() answer { return a.introspect(token, bad) }, func() answer { return a.introspectAll(bad, token) }, func() answer { return a.revoke(token, bad) },
		func() answer { return a.grantAs(bad, refreshOf("a")) },
	} {
		got := ask()
		a.wantOAuth("one more", got, 429, "temporarily_unavailable")
		if got.header.Get("Retry-After") == "" || !strings.HasPrefix(got.header.Get("RateLimit-Policy"), `"client_address";q=4;w=60`) {
			t.Errorf("%v", got.header)
		}
	}
	if got := a.introspect(token, right); got.status != 200 || got.body["active"] != true {
		t.Errorf("the right secret: %d %s", got.status, got.raw)
	}
}
