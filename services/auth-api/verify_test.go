package main_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
	"auth.books.test/verify/forward"
)

// grant makes an API, and gives all its scopes to every account.
func (a *api) grant(audience string, scopes ...string) {
	a.t.Helper()
	a.offer(audience, "all", scopes...)
}

// offer makes an API with a role that has all its scopes, and gives the role to every
// account. It does so by SQL: a command would be a process more for each step.
func (a *api) offer(audience, roleName string, scopes ...string) {
	a.t.Helper()
	db, api, role := a.postgres(), uuid.New(), uuid.New()
	for _, s := range []struct {
		sql       string
		arguments []any
	}{
		{"INSERT INTO apis (id, audience, scopes) VALUES ($1, $2, $3)", []any{api, audience, scopes}},
		{"INSERT INTO roles (id, api_id, name, scopes) VALUES ($1, $2, $3, $4)", []any{role, api, roleName, scopes}},
		{"WITH s AS (INSERT INTO subjects (id, kind) SELECT id, 'account' FROM accounts ON CONFLICT DO NOTHING) INSERT INTO role_assignments (subject_id, role_id) SELECT id, $1 FROM accounts", []any{role}},
	} {
		if _, err := db.Exec(a.t.Context(), s.sql, s.arguments...); err != nil {
			a.t.Fatalf("%s: %v", s.sql, err)
		}
	}
}

// reader registers the usual account, as one that may read books, and signs it in.
func (a *api) reader() (token, session string) {
	a.t.Helper()
	a.register(email, password)
	a.grant("books", "books:read", "books:list")
	a.grant("shop", "shop:buy")
	return a.signInFor("books:read books:list")
}

func (a *api) signInFor(scope string) (token, session string) {
	a.t.Helper()
	got := a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password, "scope": scope})
	a.want(got, 201, "")
	view, _ := got.body["session"].(map[string]any)
	session, _ = view["id"].(string)
	return got.text("access_token"), session
}

// ask is a proxy's question, with further headers as name and value.
func (a *api) ask(method, policy, token string, headers ...string) answer {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.url+"/verify"+policy, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	got := a.send(r)
	if h := got.header.Get("Cache-Control"); h != "no-store" {
		a.t.Errorf("%s: Cache-Control is %q", policy, h)
	}
	if token != "" && strings.Contains(fmt.Sprint(got.raw, got.header), token) {
		a.t.Errorf("%s: the answer holds the token", policy)
	}
	return got
}

// refusal checks that nobody is named where nobody is let through.
func (a *api) refusal(got answer, status int, code, challenge string) {
	a.t.Helper()
	a.want(got, status, code)
	if h := got.header.Get("WWW-Authenticate"); h != challenge {
		a.t.Errorf("challenge %q, want %q", h, challenge)
	}
	for _, name := range forward.Headers() {
		if _, found := got.header[name]; found {
			a.t.Errorf("a refusal names %s", name)
		}
	}
}

func TestVerifyDecidesByThePolicyOfItsURL(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.reader()
	ended, _ := a.signInFor("books:read")
	a.want(a.call("DELETE", "/v1/sessions/current", ended, nil), 204, "")
	shopper, _ := a.signInFor("shop:buy")

	for _, policy := range []string{
		"?api=books", "?api=books&scope=books:read", "?scope=books%3Aread&api=books", "?api=books&scope=books:read%20books:list",
		"?api=books&scope=books:read+books:list", "?api=books&scope=books:read&scope=books:list",
	} {
		for range 2 { // as it is read, and as it is kept
			if got := a.ask("GET", policy, token); got.status != 204 || got.raw != "" {
				t.Errorf("%s: %d %s", policy, got.status, got.raw)
			}
		}
	}
	const none, invalid, short = `Bearer realm="books"`, `Bearer realm="books", error="invalid_token"`, `Bearer realm="books", error="insufficient_scope"`
	for _, c := range []struct {
		name, policy, token string
		status              int
		code, challenge     string
	}{
		{"no token", "?api=books&scope=books:read", "", 401, "missing_token", none},
		{"nonsense", "?api=books&scope=books:read", "nonsense", 401, "invalid_token", invalid},
		{"a token of another key", "?api=books&scope=books:read", foreignToken(), 401, "invalid_token", invalid},
		{"an ended session", "?api=books&scope=books:read", ended, 401, "invalid_token", invalid},
		{"a scope that the token lacks", "?api=books&scope=books:read+books:burn", token, 403, "insufficient_scope", short + `, scope="books:read books:burn"`},
		{"one of two parameters", "?api=books&scope=books:burn&scope=books:read", token, 403, "insufficient_scope", short + `, scope="books:burn books:read"`},
		{"a token for another API", "?api=books", shopper, 403, "insufficient_scope", short},
		{"an API that there is not", "?api=none", token, 403, "insufficient_scope", `Bearer realm="none", error="insufficient_scope"`},
	} {
		t.Run(c.name, func(t *testing.T) { a.refusal(a.ask("GET", c.policy, c.token), c.status, c.code, c.challenge) })
	}
	a.refusal(a.ask("GET", "?api=books", token, "Authorization", "Bearer "+token), 400, "malformed_request", `Bearer realm="books", error="invalid_request"`)
	a.refusal(a.ask("GET", "?api=books", "two tokens"), 400, "malformed_request", `Bearer realm="books", error="invalid_request"`)

	if got := a.ask("HEAD", "?api=books", token); got.status != 204 || got.header.Get("Remote-User") == "" {
		t.Errorf("HEAD: %d %v", got.status, got.header)
	}
	if got := a.ask("HEAD", "?api=books", ""); got.status != 401 || got.header.Get("WWW-Authenticate") != none || got.raw != "" {
		t.Errorf("HEAD: %d %q %v", got.status, got.raw, got.header)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		a.want(a.ask(method, "?api=books", token), 405, "method_not_allowed")
	}
}

// A policy that is not understood opens nothing, and says how to write it.
func TestVerifyRefusesAPolicyThatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.reader()
	for _, policy := range []string{
		"", "?", "?scope=books:read", "?api=", "?api=*", "?api=books&api=shop", "?api=books+shop", "?api=" + strings.Repeat("b", 65), "?api=b%C3%B6oks", "?api=%22",
		"?api=books&scope=", "?api=books&scope=+", "?api=books&scope=books:read&scope=", "?api=books&scope=%22", "?api=books&scope=b%00",
		"?api=books&scopes=books:read", "?api=books&aud=shop", "?api=books&Scope=books:read", "?api=books;scope=books:read", "?api=books&scope=%zz",
		"?api=books&access_token=" + token, "?api=books&max_age=", "?api=books&max_age=0", "?api=books&max_age=-1", "?api=books&max_age=15m", "?api=books&max_age=100000000", "?api=books&max_age=60&max_age=900",
		"?api=books&multi_factor=", "?api=books&multi_factor=1", "?api=books&multi_factor=false", "?api=books&multi_factor=true&multi_factor=true",
	} {
		got := a.ask("GET", policy, token)
		a.refusal(got, 400, "malformed_request", "")
		if !strings.Contains(got.text("detail"), "/verify?api=books&scope=books:read") {
			t.Errorf("%s: %s", policy, got.raw)
		}
	}
	devtest.Eventually(t, "the log says that a proxy is configured wrongly", func() bool {
		return strings.Contains(a.log.String(), `"level":"WARN","msg":"request","method":"GET","route":"/verify","status":400`)
	})
	if n := strings.Count(a.log.String(), `"route":"/verify"`); n > 5 {
		t.Errorf("%d lines for requests within about a second", n)
	}
	if strings.Contains(a.log.String(), token) {
		t.Error("the log holds the token")
	}
}

// What a client can send does not change what is asked of it.
func TestVerifyIgnoresWhatClientsCanSend(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.reader()
	for _, value := range []string{"/verify?api=books", "/public", "http://127.0.0.1/verify?api=books", "OPTIONS", "books", "api=books", "Bearer " + token} {
		var headers []string
		for _, name := range []string{
			"X-Forwarded-Uri", "X-Forwarded-Url", "X-Original-Url", "X-Original-Uri", "X-Rewrite-Url", "X-Forwarded-Method", "X-Original-Method", "X-Http-Method-Override",
			"X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Proto", "Forwarded", "X-Api", "Api", "Scope", "X-Auth-Request-Redirect", "Cookie", "X-Access-Token",
			"Proxy-Authorization", "X-Authorization", "Referer", "Origin", "Remote-User", "Remote_Scope",
		} {
			headers = append(headers, name, value)
		}
		a.refusal(a.ask("GET", "?api=books&scope=books:burn", token, headers...), 403, "insufficient_scope",
			`Bearer realm="books", error="insufficient_scope", scope="books:burn"`)
		a.refusal(a.ask("GET", "?api=none", token, headers...), 403, "insufficient_scope", `Bearer realm="none", error="insufficient_scope"`)
		a.refusal(a.ask("GET", "?api=books", "", headers...), 401, "missing_token", `Bearer realm="books"`)
		if got := a.ask("GET", "?api=books", token, headers...); got.status != 204 || got.header.Get("Remote-Scope") != "books:list books:read" || got.header.Get("Remote-User") == value {
			t.Errorf("%s: %d %v", value, got.status, got.header)
		}
	}
}

func TestVerifySaysWhoAsks(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, session := a.reader()
	manager, _ := a.signIn(email, password)
	id := a.me(token).text("id")
	for _, name := range []string{"", "Ada Lovelace", "Ada Löwe", "アダ", "100 % Ada", "Ada\u202e"} {
		a.want(a.call("PATCH", "/v1/accounts/me", manager, map[string]string{"name": name}), 200, "")
		got := a.ask("GET", "?api=books", token)
		for header, want := range map[string]string{forward.User: id, forward.Email: email, forward.Scope: "books:list books:read", forward.Session: session, forward.Name: name} {
			value, err := url.PathUnescape(got.header.Get(header))
			if err != nil || value != want || len(got.header[header]) != 1 {
				t.Errorf("%s is %q, want %q", header, got.header[header], want)
			}
		}
		if values := got.header[forward.Name]; len(values) != 1 {
			t.Errorf("named %q: %v", name, got.header)
		}
	}
	if got := a.ask("GET", "?api=books", token).header.Get(forward.Name); strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("%q is no value for a header", got)
	}
}

func TestVerifyHearsOfEndsAtOnceAndOfFailures(t *testing.T) {
	t.Parallel()
	postgres, redis := devtest.NewProxy(t, schematest.Database(t)), devtest.NewProxy(t, devtest.Redis(t))
	a := start(t, func(s settings) {
		s["AUTH_DB_URL"], s["SESSION_DB_URL"], s["AUTH_DB_TIMEOUT"] = postgres.URL, redis.URL, "1s"
	})
	token, _ := a.reader()
	const policy = "?api=books&scope=books:read"
	for range 20 {
		one, _ := a.signInFor("books:read")
		a.want(a.ask("GET", policy, one), 204, "")
		a.want(a.call("DELETE", "/v1/sessions/current", one, nil), 204, "")
		a.refusal(a.ask("GET", policy, one), 401, "invalid_token", `Bearer realm="books", error="invalid_token"`)
	}
	postgres.Cut()
	a.want(a.ask("GET", policy, token), 204, "")
	redis.Cut()
	// A cache may know the token for as long as the bound.
	devtest.Eventually(t, "the failure is told", func() bool { return a.ask("GET", policy, token).status == 503 })
	for range 20 {
		got := a.ask("GET", policy, token, requestIDHeader, "trace-0123456789")
		a.refusal(got, 503, "store_unavailable", "")
		if got.header.Get("Retry-After") != "1" {
			t.Errorf("headers: %v", got.header)
		}
	}
	a.refusal(a.ask("GET", policy, "nonsense"), 401, "invalid_token", `Bearer realm="books", error="invalid_token"`)
	devtest.Eventually(t, "the log says why, and how many lines it leaves out", func() bool {
		a.want(a.ask("GET", policy, token, requestIDHeader, "trace-0123456789"), 503, "store_unavailable")
		for line := range strings.Lines(a.log.String()) {
			if strings.Contains(line, `"route":"/verify","status":503,"code":"store_unavailable","error":"store_unavailable: the session store cannot be read`) &&
				!strings.Contains(line, `"left_out":0`) && strings.Contains(line, `"request_id":"trace-0123456789"`) {
				return true
			}
		}
		return false
	})
	if strings.Contains(a.log.String(), token) {
		t.Error("the log holds the token")
	}
	redis.Restore()
	devtest.Eventually(t, "it is let through again", func() bool {
		got := a.ask("GET", policy, token)
		if got.status == 401 {
			t.Fatalf("a live token was called dead: %s", got.raw)
		}
		return got.status == 204
	})
}

const requestIDHeader = "X-Request-Id"

func TestVerifyIsCounted(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.reader()
	for range 3 {
		a.ask("GET", "?api=books", token)
	}
	a.ask("HEAD", "?api=books", token)
	a.ask("GET", "?api=books&scope=books:burn", token)
	a.ask("GET", "?api=books", "")
	for _, line := range []string{
		`auth_http_request_seconds_count{method="GET",route="/verify",status="204"} 3`, `auth_http_request_seconds_count{method="HEAD",route="/verify",status="204"} 1`,
		`auth_http_request_seconds_count{method="GET",route="/verify",status="403"} 1`, `auth_http_request_seconds_count{method="GET",route="/verify",status="401"} 1`,
		`auth_verifications_total{result="ok"} 5`,
	} {
		if !strings.Contains(a.scrape(), line) {
			t.Errorf("no %s", line)
		}
	}
}
