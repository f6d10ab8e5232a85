package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

// credentials are what `auth-api client create` prints.
type credentials struct{ id, secret string }

var printed = regexp.MustCompile(`(?m)^id     (\S+)\nsecret (bcs_\S+)$`)

func (a *api) must(args ...string) string {
	a.t.Helper()
	out, err := a.run(args...)
	if err != nil {
		a.t.Fatalf("%v: %v: %s", args, err, out)
	}
	return out
}

func (a *api) client(audience string) credentials {
	a.t.Helper()
	return a.printed("client", "create", audience, "--name", "tests")
}

func (a *api) printed(args ...string) credentials {
	a.t.Helper()
	out := a.must(args...)
	found := printed.FindStringSubmatch(out)
	if found == nil {
		a.t.Fatalf("%v printed %s", args, out)
	}
	return credentials{found[1], found[2]}
}

// library makes the APIs books and shop, each with a role that has all of its
// scopes, and grants both to the usual account, which is signed in then.
func (a *api) library() (token, session string) {
	a.t.Helper()
	a.register(email, password)
	a.offer("books", "editor", "books:read", "books:write")
	a.offer("shop", "editor", "shop:buy")
	return a.signIn(email, password)
}

// post sends a body as a client.
func (a *api) post(path, contentType, body string, as credentials) answer {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), "POST", a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if as.id != "" {
		r.SetBasicAuth(url.QueryEscape(as.id), url.QueryEscape(as.secret))
	}
	return a.send(r)
}

func (a *api) introspect(token string, as credentials) answer {
	a.t.Helper()
	return a.post("/oauth/introspect", "application/x-www-form-urlencoded", url.Values{"token": {token}}.Encode(), as)
}

func (a *api) introspectAll(as credentials, tokens ...string) answer {
	a.t.Helper()
	body, err := json.Marshal(map[string][]string{"tokens": tokens})
	if err != nil {
		a.t.Fatal(err)
	}
	return a.post("/oauth/introspect/batch", "application/json", string(body), as)
}

const inactive = `{"active":false}` + "\n"

func TestClientsAreToldOfTokensForTheirOwnAPI(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["SESSION_IDLE_LIFETIME"] = "1h" })
	token, session := a.library()
	books, shop := a.client("books"), a.client("shop")

	got := a.introspect(token, books)
	exp, _ := got.body["exp"].(float64)
	iat, _ := got.body["iat"].(float64)
	signedIn, _ := got.body["auth_time"].(float64)
	for _, time := range []string{"exp", "iat", "auth_time"} {
		delete(got.body, time)
	}
	want := map[string]any{"active": true, "amr": []any{"pwd"}, "scope": "books:read books:write", "username": email, "email_verified": false, "token_type": "Bearer", "sub": a.me(token).text("id"), "aud": "books", "sid": session}
	if got.status != 200 || fmt.Sprint(got.body) != fmt.Sprint(want) {
		t.Errorf("%d %v, want %v", got.status, got.body, want)
	}
	if now := float64(time.Now().Unix()); exp < now+3500 || exp > now+3600 || iat < now-100 || iat > now || signedIn != iat {
		t.Errorf("exp %v, iat %v, auth_time %v, now %v", exp, iat, signedIn, now)
	}
	if h := got.header; h.Get("Cache-Control") != "no-store" || h.Get("Content-Type") != "application/json" {
		t.Errorf("headers: %v", h)
	}
	if got := a.introspect(token, shop); got.text("scope") != "shop:buy" || got.text("aud") != "shop" || strings.Contains(got.raw, "books:") {
		t.Errorf("shop is told %s", got.raw)
	}
	narrow := a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password, "scope": "books:read account"}).text("access_token")
	if got := a.introspect(narrow, books); got.text("scope") != "books:read" {
		t.Errorf("a token with fewer scopes: %s", got.raw)
	}
	revoked, _ := a.signIn(email, password)
	a.want(a.call("DELETE", "/v1/sessions/current", revoked, nil), 204, "")
	for name, c := range map[string]struct {
		token string
		as    credentials
	}{
		"for another API": {narrow, shop}, "revoked": {revoked, books}, "of another key": {foreignToken(), books}, "nonsense": {"nonsense", books},
		"cut": {token[:len(token)-1], books}, "the session's id": {session, books}, "a client's secret": {books.secret, books}, "very long": {strings.Repeat("a", 3000), books},
	} {
		if got := a.introspect(c.token, c.as); got.status != 200 || got.raw != inactive {
			t.Errorf("%s: %d %s, want %s", name, got.status, got.raw, inactive)
		}
	}
	a.call("PATCH", "/v1/accounts/me", token, map[string]string{"name": "Ada"})
	if got := a.introspect(token, books); got.text("name") != "Ada" {
		t.Errorf("the name: %s", got.raw)
	}
	for _, line := range []string{`auth_introspections_total{result="active"} `, `auth_introspections_total{result="inactive"} 8`} {
		if !strings.Contains(a.scrape(), line) {
			t.Errorf("no %s", line)
		}
	}
}

func TestBatchAnswersInOrder(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.library()
	books := a.client("books")
	tokens := make([]string, 100)
	for n := range tokens {
		if tokens[n] = token; n%3 == 0 {
			tokens[n] = "nonsense"
		}
	}
	var body struct{ Results []struct{ Active bool } }
	got := a.introspectAll(books, tokens...)
	if err := json.Unmarshal([]byte(got.raw), &body); err != nil || got.status != 200 || len(body.Results) != 100 || got.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	for n, r := range body.Results {
		if r.Active != (n%3 != 0) {
			t.Errorf("token %d: active %v", n, r.Active)
		}
	}
	if got := a.introspectAll(books, token, "nonsense"); got.raw != `{"results":[`+strings.TrimSpace(a.introspect(token, books).raw)+`,`+strings.TrimSpace(inactive)+"]}\n" {
		t.Errorf("not as one by one: %s", got.raw)
	}
	if got := a.post("/oauth/introspect/batch", "application/json", `{"tokens":[]}`, books); got.raw != "{\"results\":[]}\n" {
		t.Errorf("none: %d %s", got.status, got.raw)
	}
	for name, c := range map[string]struct {
		contentType, body string
		status            int
	}{
		"101 tokens":      {"application/json", `{"tokens":["` + strings.Repeat(`a","`, 100) + `a"]}`, 400},
		"a form":          {"application/x-www-form-urlencoded", "token=" + token, 400},
		"no list":         {"application/json", `{"token":"` + token + `"}`, 400},
		"null":            {"application/json", `{"tokens":null}`, 400},
		"numbers":         {"application/json", `{"tokens":[1]}`, 400},
		"malformed":       {"application/json", `{"tokens":["` + marker, 400},
		"more than 8 KiB": {"application/json", `{"tokens":["` + strings.Repeat("a", 9000) + `"]}`, 413},
	} {
		got := a.post("/oauth/introspect/batch", c.contentType, c.body, books)
		if got.status != c.status || c.status == 400 && got.text("error") != "invalid_request" || strings.Contains(got.raw, marker) {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
}

func TestOnlyClientsMayIntrospect(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.library()
	books, shop := a.client("books"), a.client("shop")
	basic := func(id, secret string) string {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(id, secret)
		return r.Header.Get("Authorization")
	}
	for _, c := range []struct {
		name          string
		authorization []string
		status        int
	}{
		{"its credentials", []string{basic(books.id, books.secret)}, 200},
		{"percent-encoded", []string{basic(percent(books.id), percent(books.secret))}, 200},
		{"another case of Basic", []string{"bASIC" + strings.TrimPrefix(basic(books.id, books.secret), "Basic")}, 200},
		{"nothing", nil, 401},
		{"a person's token", []string{"Bearer " + token}, 401},
		{"not base64", []string{"Basic ***"}, 401},
		{"no colon", []string{"Basic Ym9va3M="}, 401},
		{"bad percent-encoding", []string{basic(books.id, books.secret+"%zz")}, 401},
		{"no secret", []string{basic(books.id, "")}, 401},
		{"another secret", []string{basic(books.id, shop.secret)}, 401},
		{"another id", []string{basic(shop.id, books.secret)}, 401},
		{"an unknown id", []string{basic("01a20cde-6bd3-7531-8ac9-b1636fb1cb55", books.secret)}, 401},
		{"another spelling of the id", []string{basic("{"+books.id+"}", books.secret)}, 401},
		{"a key of Redis", []string{basic("*", books.secret)}, 401},
		{"a person's password", []string{basic(email, password)}, 401},
		{"twice", []string{basic(books.id, books.secret), basic(books.id, books.secret)}, 400},
	} {
		for _, path := range []string{"/oauth/introspect", "/oauth/introspect/batch"} {
			contentType, body := "application/x-www-form-urlencoded", "token="+token
			if path != "/oauth/introspect" {
				contentType, body = "application/json", `{"tokens":["`+token+`"]}`
			}
			r, err := http.NewRequestWithContext(t.Context(), "POST", a.url+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", contentType)
			r.Header["Authorization"] = c.authorization
			got := a.send(r)
			challenge, code := "", map[int]string{400: "invalid_request", 401: "invalid_client"}[c.status]
			if c.status == 401 {
				challenge = `Basic realm="auth.books.test"`
			}
			if got.status != c.status || got.text("error") != code || got.header.Get("WWW-Authenticate") != challenge {
				t.Errorf("%s at %s: %d %s %s", c.name, path, got.status, got.raw, got.header.Get("WWW-Authenticate"))
			}
		}
	}
	if !strings.Contains(a.scrape(), `auth_introspections_total{result="invalid_client"} 24`) {
		t.Error("refused clients are not counted")
	}
	if log := a.log.String(); strings.Contains(log, books.secret) || strings.Contains(log, token) {
		t.Error("the log holds a secret")
	}
}

// percent writes every byte as %XX.
func percent(s string) string {
	var out strings.Builder
	for _, b := range []byte(s) {
		fmt.Fprintf(&out, "%%%02X", b)
	}
	return out.String()
}

func TestIntrospectionFormSpeaksOAuth(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.library()
	books := a.client("books")
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, contentType, body string
		ok                      bool
	}{
		{"with a hint", form, "token=" + token + "&token_type_hint=access_token", true},
		{"with an unknown hint and parameter", form + "; charset=utf-8", "token_type_hint=x&y=z&token=" + token, true},
		{"no token", form, "", false},
		{"an empty token", form, "token=", false},
		{"two tokens", form, "token=" + token + "&token=" + token, false},
		{"two hints", form, "token=" + token + "&token_type_hint=a&token_type_hint=b", false},
		{"JSON", "application/json", `{"token":"` + token + `"}`, false},
	} {
		got := a.post("/oauth/introspect", c.contentType, c.body, books)
		if c.ok && (got.status != 200 || got.body["active"] != true) || !c.ok && (got.status != 400 || got.text("error") != "invalid_request" || got.text("error_description") == "") {
			t.Errorf("%s: %d %s", c.name, got.status, got.raw)
		}
	}
	if got := a.post("/oauth/introspect?token="+token, form, "", books); got.status != 400 {
		t.Errorf("a token in the URL: %d %s", got.status, got.raw)
	}
	if got := a.call("GET", "/oauth/introspect", "", nil); got.status != 405 {
		t.Errorf("GET: %d %s", got.status, got.raw)
	}
}

func TestIntrospectionGoesOnWithoutPostgres(t *testing.T) {
	t.Parallel()
	var postgres *devtest.Proxy
	a := start(t, func(s settings) {
		postgres = devtest.NewProxy(t, s["AUTH_DB_URL"])
		s["AUTH_DB_URL"] = postgres.URL
	})
	token, _ := a.library()
	books := a.client("books")
	postgres.Cut()
	if got := a.introspect(token, books); got.status != 200 || got.body["active"] != true {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if got := a.introspectAll(books, token); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
}

func TestIntrospectionWithoutRedisIs503(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(*devtest.Proxy){"cut": (*devtest.Proxy).Cut, "stalled": (*devtest.Proxy).Stall} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var redis *devtest.Proxy
			a := start(t, func(s settings) {
				redis = devtest.NewProxy(t, s["SESSION_DB_URL"])
				s["SESSION_DB_URL"] = redis.URL
			})
			token, _ := a.library()
			books := a.client("books")
			breakIt(redis)
			devtest.Eventually(t, "the bound is over", func() bool { return a.introspect(token, books).status != 200 })
			for _, got := range []answer{a.introspect(token, books), a.introspectAll(books, "nonsense", token)} {
				if got.status != 503 || got.text("error") != "temporarily_unavailable" || got.header.Get("Retry-After") != "1" || strings.Contains(got.raw, "active") {
					t.Errorf("%d %s %v", got.status, got.raw, got.header)
				}
			}
			redis.Restore()
			devtest.Eventually(t, "it answers again", func() bool {
				got := a.introspect(token, books)
				if got.status == 401 || got.raw == inactive {
					t.Fatalf("a live token or client was called dead: %s", got.raw)
				}
				return got.status == 200
			})
		})
	}
}
