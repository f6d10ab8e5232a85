package main_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
)

func TestProgramDrawsTokensOfItsOwn(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	books, program := a.client("books"), a.script("--audience", "shop")
	got := a.grantAs(program, url.Values{"grant_type": {"client_credentials"}})
	if got.status != 200 || got.text("token_type") != "Bearer" || got.text("scope") != "books:read books:write" || !got.lives(900) || len(got.body) != 4 || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s %v", got.status, got.raw, got.header)
	}
	told := a.introspect(got.text("access_token"), books)
	if told.text("sub") != program.id || told.text("client_id") != program.id || told.text("scope") != "books:read books:write" || told.text("username") != "" {
		t.Errorf("the API is told %s", told.raw)
	}
	for _, c := range []struct {
		name         string
		form         url.Values
		status       int
		scope, error string
	}{
		{"one scope", url.Values{"scope": {"books:read"}}, 200, "books:read", ""},
		{"one API", url.Values{"resource": {"books"}}, 200, "books:read books:write", ""},
		{"both APIs", url.Values{"resource": {"books", "shop"}}, 200, "books:read books:write", ""},
		{"the API without a role", url.Values{"resource": {"shop"}}, 200, "", ""},
		{"a scope of the other API", url.Values{"resource": {"shop"}, "scope": {"books:read"}}, 400, "", "invalid_scope"},
		{"a scope that it does not have", url.Values{"scope": {"shop:buy"}}, 400, "", "invalid_scope"},
		{"an API that is not its own", url.Values{"resource": {"films"}}, 400, "", "invalid_target"},
	} {
		c.form.Set("grant_type", "client_credentials")
		if got := a.grantAs(program, c.form); got.status != c.status || got.text("scope") != c.scope || got.text("error") != c.error {
			t.Errorf("%s: %d %s", c.name, got.status, got.raw)
		}
	}
}

func TestProgramThatDrawsTooManyTokensIsHeldUpAndNoTokenEnds(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) {
		s["AUTH_API_CLIENT_TOKENS_PER_SECOND"], s["AUTH_API_CLIENT_TOKENS_ALIVE"] = "1000", "3"
	})
	a.library()
	books, program, other := a.client("books"), a.script(), a.script()
	var alive []string
	for range 3 {
		alive = append(alive, a.drawn(program))
	}
	got := a.grantAs(program, url.Values{"grant_type": {"client_credentials"}})
	a.wantOAuth("the fourth", got, 429, "temporarily_unavailable")
	if got.header.Get("Retry-After") != "60" {
		t.Errorf("%v", got.header)
	}
	a.drawn(other)
	for _, token := range alive {
		if !a.isActive(token, books) {
			t.Error("a token of the program has ended")
		}
	}
	// One that is given back makes room, and leaves the others alone.
	if got := a.revoke(alive[0], program); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if a.isActive(alive[0], books) || !a.isActive(alive[1], books) || !a.isActive(alive[2], books) {
		t.Error("not this token alone has ended")
	}
	a.drawn(program)
}

func TestProgramThatDrawsTooFastIsHeldUp(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_CLIENT_TOKENS_PER_SECOND"] = "1" })
	a.library()
	program := a.script()
	// Two requests in a row are in the same second, or the next two are.
	devtest.Eventually(t, "one is held up", func() bool {
		got := a.grantAs(program, url.Values{"grant_type": {"client_credentials"}})
		return got.status == 429 && got.header.Get("Retry-After") == "1"
	})
}

func TestAppGetsRefreshableTokensForACode(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	books, app, ada := a.client("books"), a.app(), a.person()
	code, verifier := ada.letIn(app, "openid books:read nonsense offline_access")
	first := a.grantAs(app, exchangeOf(code, verifier))
	if first.status != 200 || first.text("scope") != "books:read offline_access openid" || !strings.HasPrefix(first.text("refresh_token"), "brt_") || !first.lives(900) || first.text("id_token") != "" {
		t.Fatalf("%d %s", first.status, first.raw)
	}
	told := a.introspect(first.text("access_token"), books)
	if told.text("client_id") != app.id || told.text("sub") != ada.who.Account.String() || told.text("scope") != "books:read" {
		t.Errorf("the API is told %s", told.raw)
	}
	second := a.grantAs(app, refreshOf(first.text("refresh_token")))
	if second.status != 200 || second.text("refresh_token") == first.text("refresh_token") || second.text("access_token") == first.text("access_token") || second.text("scope") != first.text("scope") {
		t.Fatalf("%d %s", second.status, second.raw)
	}
	if again := a.grantAs(app, refreshOf(first.text("refresh_token"))); again.text("refresh_token") != second.text("refresh_token") || again.text("access_token") != second.text("access_token") {
		t.Errorf("a retry got other tokens: %d", again.status)
	}
	fewer := refreshOf(second.text("refresh_token"))
	fewer.Set("scope", "openid")
	third := a.grantAs(app, fewer)
	if third.status != 200 || third.text("scope") != "openid" {
		t.Errorf("%d %s", third.status, third.raw)
	}
	more := refreshOf(third.text("refresh_token"))
	more.Set("scope", "books:write")
	a.wantOAuth("a scope that was not granted", a.grantAs(app, more), 400, "invalid_scope")
	all := a.grantAs(app, refreshOf(third.text("refresh_token")))
	if all.text("scope") != "books:read offline_access openid" {
		t.Errorf("after fewer scopes: %d %s", all.status, all.raw)
	}
}

// RFC 8707, section 2.2: the access token is for the resource alone, and the scope that is told
// is the token's own. The refresh token is for all that was granted.
func TestResourceNarrowsTheAccessToken(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	books, shop, app, ada := a.client("books"), a.client("shop"), a.app("--audience", "shop"), a.person()
	code, verifier := ada.letIn(app, "books:read shop:buy offline_access")
	at := func(form url.Values, resources ...string) url.Values {
		form["resource"] = resources
		return form
	}
	want := func(what string, got answer, scope string, atBooks, atShop bool) {
		t.Helper()
		if got.status != 200 || got.text("scope") != scope {
			t.Fatalf("%s: %d %s, want %s", what, got.status, got.raw, scope)
		}
		if token := got.text("access_token"); a.isActive(token, books) != atBooks || a.isActive(token, shop) != atShop {
			t.Errorf("%s: alive at books %v, at shop %v", what, a.isActive(token, books), a.isActive(token, shop))
		}
	}
	first := a.grantAs(app, at(exchangeOf(code, verifier), "books"))
	want("a code at books", first, "books:read offline_access", true, false)
	second := a.grantAs(app, at(refreshOf(first.text("refresh_token")), "shop"))
	want("a refresh at shop", second, "offline_access shop:buy", false, true)
	third := a.grantAs(app, at(refreshOf(second.text("refresh_token")), "shop", "books"))
	want("a refresh at both", third, "books:read offline_access shop:buy", true, true)
	a.wantOAuth("a refresh at an API that is not its own", a.grantAs(app, at(refreshOf(third.text("refresh_token")), "films")), 400, "invalid_target")
	want("a refresh at all", a.grantAs(app, refreshOf(third.text("refresh_token"))), "books:read offline_access shop:buy", true, true)
}

// A client that fails to authenticate has used up nothing: golang.org/x/oauth2 tries one
// method and then another.
func TestFailedAuthenticationUsesUpNothing(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	app, other, ada := a.app(), a.app(), a.person()
	code, verifier := ada.letIn(app, "books:read offline_access")
	bad := credentials{app.id, other.secret}
	for range 3 {
		a.wantOAuth("another secret", a.grantAs(bad, exchangeOf(code, verifier)), 401, "invalid_client")
	}
	a.wantOAuth("another client", a.grantAs(other, exchangeOf(code, verifier)), 400, "invalid_grant")
	got := a.grantAs(app, exchangeOf(code, verifier))
	if got.status != 200 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	token := got.text("refresh_token")
	a.wantOAuth("another secret", a.grantAs(bad, refreshOf(token)), 401, "invalid_client")
	a.wantOAuth("another client", a.grantAs(other, refreshOf(token)), 400, "invalid_grant")
	if got := a.grantAs(app, refreshOf(token)); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
}

// RFC 6749, section 5.2, to the letter.
func TestErrorsOfTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	app, program, public, ada := a.app(), a.script(), a.app("--public"), a.person()
	onlyCode := a.registered("--name", "once", "--redirect-uri", callback, "--grant", "authorization_code")
	code, verifier := ada.letIn(app, "books:read")
	spare, _ := ada.letIn(app, "books:read")
	for _, c := range []struct {
		name   string
		as     credentials
		form   string
		status int
		error  string
	}{
		{"no grant type", app, "code=a", 400, "invalid_request"},
		{"an empty grant type", app, "grant_type=", 400, "invalid_request"},
		{"a repeated parameter", app, "grant_type=authorization_code&code=a&code=b", 400, "invalid_request"},
		{"no code", app, "grant_type=authorization_code", 400, "invalid_request"},
		{"a verifier of one letter", app, "grant_type=authorization_code&code=" + code + "&code_verifier=a", 400, "invalid_request"},
		{"no refresh token", app, "grant_type=refresh_token", 400, "invalid_request"},
		{"a secret and an assertion", credentials{}, "grant_type=refresh_token&client_id=" + app.id + "&client_secret=" + app.secret + "&client_assertion=a.b.c&client_assertion_type=x", 400, "invalid_request"},
		{"Basic and a secret", app, "grant_type=refresh_token&client_secret=" + app.secret, 400, "invalid_request"},
		{"Basic and an assertion", app, "grant_type=refresh_token&client_assertion=a.b.c", 400, "invalid_request"},
		{"Basic and another client_id", app, "grant_type=refresh_token&client_id=" + program.id, 400, "invalid_request"},
		{"no client", credentials{}, "grant_type=client_credentials", 401, "invalid_client"},
		{"an unknown client", credentials{"01a20cde-6bd3-7531-8ac9-b1636fb1cb55", app.secret}, "grant_type=client_credentials", 401, "invalid_client"},
		{"a confidential client without its secret", credentials{}, "grant_type=client_credentials&client_id=" + program.id, 401, "invalid_client"},
		{"a wrong secret in the form", credentials{}, "grant_type=client_credentials&client_id=" + program.id + "&client_secret=" + app.secret, 401, "invalid_client"},
		{"a secret of a public client", credentials{public.id, app.secret}, "grant_type=refresh_token&refresh_token=a", 401, "invalid_client"},
		{"an assertion of another type", credentials{}, "grant_type=client_credentials&client_assertion=a.b.c&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:saml2-bearer", 401, "invalid_client"},
		{"an assertion that is none", credentials{}, "grant_type=client_credentials&client_assertion=a.b.c&client_assertion_type=" + url.QueryEscape("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), 401, "invalid_client"},
		{"an unknown code", app, "grant_type=authorization_code&code=nonsense", 400, "invalid_grant"},
		{"another verifier", app, exchangeOf(spare, strings.Repeat("a", 43)).Encode(), 400, "invalid_grant"},
		{"the right verifier too late", app, exchangeOf(spare, verifier).Encode(), 400, "invalid_grant"},
		{"no redirect_uri", app, "grant_type=authorization_code&code=" + code + "&code_verifier=" + verifier, 400, "invalid_grant"},
		{"an unknown refresh token", app, "grant_type=refresh_token&refresh_token=nonsense", 400, "invalid_grant"},
		{"an API that is not its own", app, "grant_type=refresh_token&refresh_token=a&resource=films", 400, "invalid_target"},
		{"a program that asks with a code", program, "grant_type=authorization_code&code=a", 400, "unauthorized_client"},
		{"an app that draws a token", app, "grant_type=client_credentials", 400, "unauthorized_client"},
		{"an app that may not refresh", onlyCode, "grant_type=refresh_token&refresh_token=a", 400, "unauthorized_client"},
		{"the password grant", app, "grant_type=password&username=a&password=b", 400, "unsupported_grant_type"},
		{"the implicit grant", app, "grant_type=token", 400, "unsupported_grant_type"},
		{"device codes", app, "grant_type=" + url.QueryEscape("urn:ietf:params:oauth:grant-type:device_code"), 400, "unsupported_grant_type"},
	} {
		got := a.post("/oauth/token", "application/x-www-form-urlencoded", c.form, c.as)
		a.wantOAuthAs(c.name, got, c.status, c.error, c.as.id != "")
	}
	if got := a.post("/oauth/token?client_secret="+app.secret, "application/x-www-form-urlencoded", "grant_type=refresh_token&client_id="+app.id, credentials{}); got.status != 400 || got.text("error") != "invalid_request" {
		t.Errorf("a secret in the URL: %d %s", got.status, got.raw)
	}
	if log := a.log.String(); strings.Contains(log, app.secret) || strings.Contains(log, code) || strings.Contains(log, verifier) {
		t.Error("the log holds a secret")
	}
}

func TestClientsAuthenticateInEveryWay(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	program := a.script()
	const grant = "grant_type=client_credentials"
	for name, got := range map[string]answer{
		"Basic":                        a.post("/oauth/token", formType, grant, program),
		"Basic and an equal client_id": a.post("/oauth/token", formType, grant+"&client_id="+program.id, program),
		"percent-encoded Basic":        a.with("POST", "/oauth/token", grant, map[string]string{"Content-Type": formType, "Authorization": basic(percent(program.id), percent(program.secret))}),
		"the form":                     a.post("/oauth/token", formType, grant+"&client_id="+program.id+"&client_secret="+program.secret, credentials{}),
	} {
		if got.status != 200 {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
}

func basic(id, secret string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(id, secret)
	return r.Header.Get("Authorization")
}

func TestPublicAppNeedsItsIDAlone(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	app, ada := a.app("--public"), a.person()
	code, verifier := ada.letIn(app, "books:read")
	got := a.grantAs(app, exchangeOf(code, verifier))
	if got.status != 200 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	if got := a.grantAs(app, refreshOf(got.text("refresh_token"))); got.status != 200 {
		t.Errorf("%d %s\n%s", got.status, got.raw, a.log.String())
	}
}

func TestEndOfAClientIsSeenAtIntrospection(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	books, ada := a.client("books"), a.person()
	made := a.app("--grant", "authorization_code", "--grant", "refresh_token", "--grant", "client_credentials")
	a.must("role", "grant", made.id, "books", "editor")
	for _, end := range []string{"end", "disable"} {
		code, verifier := ada.letIn(made, "books:read offline_access")
		theirs := a.grantAs(made, exchangeOf(code, verifier))
		own := a.drawn(made)
		if !a.isActive(theirs.text("access_token"), books) || !a.isActive(own, books) {
			t.Fatalf("nothing to %s: %s", end, theirs.raw)
		}
		a.must("client", end, made.id)
		devtest.Eventually(t, "the tokens are dead after client "+end, func() bool {
			return !a.isActive(theirs.text("access_token"), books) && !a.isActive(own, books)
		})
		want := map[string]string{"end": "invalid_grant", "disable": "invalid_client"}[end]
		if got := a.grantAs(made, refreshOf(theirs.text("refresh_token"))); got.text("error") != want {
			t.Errorf("after client %s: %d %s, want %s", end, got.status, got.raw, want)
		}
		if !a.isActive(ada.token, books) {
			t.Errorf("client %s has ended the sign-in", end)
		}
	}
}

func TestRoleTakenFromAClientIsGoneFromItsLiveTokens(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	books, program := a.client("books"), a.script()
	token := a.drawn(program)
	if got := a.introspect(token, books); got.text("scope") != "books:read books:write" {
		t.Fatalf("%s", got.raw)
	}
	a.must("role", "set", "books", "editor", "--scope", "books:read")
	devtest.Eventually(t, "the scope is gone", func() bool { return a.introspect(token, books).text("scope") == "books:read" })
	a.must("role", "revoke", program.id, "books", "editor")
	devtest.Eventually(t, "the role is gone", func() bool { return !a.isActive(token, books) })
}

func TestRevocationEndsTheFamilyOfARefreshToken(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	books, app, other, ada := a.client("books"), a.app(), a.app(), a.person()
	letIn := func() answer {
		code, verifier := ada.letIn(app, "books:read offline_access")
		return a.grantAs(app, exchangeOf(code, verifier))
	}
	neighbour := letIn()
	for _, name := range []string{"access_token", "refresh_token"} {
		got := letIn()
		a.wantOAuth("another client revokes the "+name, a.revoke(got.text(name), other), 400, "unauthorized_client")
		if !a.isActive(got.text("access_token"), books) {
			t.Errorf("another client has revoked the %s", name)
		}
		a.wantOAuth("another secret", a.revoke(got.text(name), credentials{app.id, other.secret}), 401, "invalid_client")
		for range 2 { // The second finds nothing.
			if answered := a.revoke(got.text(name), app); answered.status != 200 || answered.raw != "" {
				t.Errorf("%s: %d %s", name, answered.status, answered.raw)
			}
		}
		if a.isActive(got.text("access_token"), books) {
			t.Errorf("the access token lives after the %s was revoked", name)
		}
		a.wantOAuth("a refresh after the "+name+" was revoked", a.grantAs(app, refreshOf(got.text("refresh_token"))), 400, "invalid_grant")
	}
	if !a.isActive(neighbour.text("access_token"), books) || !a.isActive(ada.token, books) {
		t.Error("more has ended than the family")
	}
	if got := a.grantAs(app, refreshOf(neighbour.text("refresh_token"))); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if code, verifier := ada.letIn(app, "books:read"); code == "" || a.grantAs(app, exchangeOf(code, verifier)).status != 200 {
		t.Error("the app cannot be let in again")
	}
}

func TestCommandsShowAndChangeAnApp(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	key := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(key, []byte("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	public := a.app("--public", "--native", "--origin", "https://APP.test", "--first-party", "--redirect-uri", "http://127.0.0.1/cb", "--logout-uri", "https://app.test/bye")
	signs := a.app("--key", key, "--id-token-algorithm", "ES256", "--no-pkce")
	program := a.script()
	api := a.client("books")
	list := a.must("client", "list")
	for id, what := range map[string]string{public.id: "app, public, native, first-party", signs.id: "app, without PKCE", program.id: "program", api.id: "introspects"} {
		if line := lineWith(list, id); !strings.HasSuffix(line, "  "+what) {
			t.Errorf("%s: %s", what, line)
		}
	}
	shown := a.must("client", "show", public.id)
	for _, line := range []string{`name +"Shelf"`, "authentication +none", "secrets +0", "first-party +true", "native +true", "no-pkce +false", "grants +authorization_code refresh_token", "redirect URIs +https://app.test/callback http://127.0.0.1/cb", "logout URIs +https://app.test/bye", "origins +https://app.test", "audiences +books", "ID tokens +RS256"} {
		if !matches(shown, "(?m)^"+line+"$") {
			t.Errorf("no %s in\n%s", line, shown)
		}
	}
	if shown := a.must("client", "show", signs.id); !strings.Contains(shown, `"kty":"OKP"`) || !matches(shown, "(?m)^authentication +private_key_jwt$") {
		t.Errorf("%s", shown)
	}
	a.must("client", "set", public.id, "--name", "Shelf 2", "--origin", "", "--redirect-uri", "https://app.test/b")
	shown = a.must("client", "show", public.id)
	if !matches(shown, `(?m)^name +"Shelf 2"$`) || strings.Contains(shown, "origins") || !matches(shown, "(?m)^redirect URIs +https://app.test/b$") || !matches(shown, "(?m)^native +true$") {
		t.Errorf("%s", shown)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"client", "create"}, "Name a grant"},
		{[]string{"client", "create", "--name", "a", "--redirect-uri", "http://app.test"}, "Use https."},
		{[]string{"client", "create", "--name", "a", "--redirect-uri", callback, "--public", "--grant", "client_credentials", "--grant", "authorization_code"}, "in the name of a public client"},
		{[]string{"client", "create", "--name", "a", "--redirect-uri", callback, "--key", key + ".not"}, "read the keys of the client"},
		{[]string{"client", "set", public.id, "--audience", "films"}, "api_not_found"},
		{[]string{"client", "set", public.id, "--no-pkce"}, "it cannot be exempt"},
		{[]string{"client", "rotate", public.id}, "This client has no secret"},
		{[]string{"client", "show", "01a20cde-6bd3-7531-8ac9-b1636fb1cb55"}, "client_not_found"},
		{[]string{"client", "end", "01a20cde-6bd3-7531-8ac9-b1636fb1cb55"}, "client_not_found"},
		{[]string{"client", "show", "bcs_" + marker}, "a client's id is a UUID"},
	} {
		out, err := a.run(c.args...)
		if err == nil || !strings.Contains(out, c.says) || strings.Contains(out, marker) {
			t.Errorf("%q: %v, %s; want %q", c.args, err, out, c.says)
		}
	}
}

func matches(text, pattern string) bool { return regexp.MustCompile(pattern).MatchString(text) }

func lineWith(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			return strings.TrimSpace(line)
		}
	}
	return fmt.Sprintf("no line with %s", word)
}

func TestTokensOfAppsLiveAsLongAsIsSet(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_ACCESS_LIFETIME"], s["AUTH_API_REFRESH_LIFETIME"] = "10m", "1h" })
	a.library()
	books, app, ada := a.client("books"), a.app(), a.person()
	code, verifier := ada.letIn(app, "books:read offline_access")
	got := a.grantAs(app, exchangeOf(code, verifier))
	if !got.lives(600) {
		t.Errorf("%d %s", got.status, got.raw)
	}
	exp, _ := a.introspect(got.text("access_token"), books).body["exp"].(float64)
	if left := time.Until(time.Unix(int64(exp), 0)); left > 10*time.Minute || left < 9*time.Minute {
		t.Errorf("it lives for %s", left)
	}
	if n := a.count("SELECT count(*) FROM authorizations WHERE kind = 'app' AND expires_at BETWEEN now() + interval '59 minutes' AND now() + interval '1 hour'"); n != 1 {
		t.Errorf("%d authorizations of an hour", n)
	}
}
