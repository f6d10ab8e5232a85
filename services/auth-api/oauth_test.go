package main_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// describable are the characters that an error_description may have (RFC 6749,
// section 5.2).
var describable = regexp.MustCompile(`^[\x20-\x21\x23-\x5B\x5D-\x7E]+$`)

const formType = "application/x-www-form-urlencoded"

// wantOAuth checks an error under /oauth of a request that has tried HTTP Basic, or can try
// nothing else.
func (a *api) wantOAuth(what string, got answer, status int, code string) {
	a.t.Helper()
	a.wantOAuthAs(what, got, status, code, true)
}

// wantOAuthAs checks an error under /oauth. Only clients that have tried HTTP Basic are
// challenged (RFC 6749, section 5.2).
func (a *api) wantOAuthAs(what string, got answer, status int, code string, triedBasic bool) {
	a.t.Helper()
	h := got.header
	if got.status != status || got.text("error") != code || !describable.MatchString(got.text("error_description")) || len(got.body) != 2 ||
		h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "no-store" || h.Get("X-Request-Id") == "" || !strings.HasSuffix(got.raw, "}\n") {
		a.t.Errorf("%s: %d %s %v, want %d %s", what, got.status, got.raw, h, status, code)
	}
	if challenge := h.Get("WWW-Authenticate"); challenge != map[bool]string{true: `Basic realm="auth.books.test"`}[status == 401 && triedBasic] {
		a.t.Errorf("%s: WWW-Authenticate %q", what, challenge)
	}
}

func TestErrorsUnderOAuthAreOAuths(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_PASSWORD_GRANT"] = "true" })
	books := a.bookshop()
	const form = "application/x-www-form-urlencoded"
	for _, path := range []string{"/oauth/token", "/oauth/introspect", "/oauth/introspect/batch", "/oauth/revoke"} {
		contentType := map[bool]string{true: "application/json", false: form}[path == "/oauth/introspect/batch"]
		for _, method := range []string{"GET", "PUT", "DELETE", "PATCH"} {
			got := a.with(method, path, "", nil)
			a.wantOAuth(method+" "+path, got, 405, "invalid_request")
			if allow := got.header.Get("Allow"); allow != "POST, OPTIONS" {
				t.Errorf("Allow: %q", allow)
			}
		}
		a.wantOAuth("a body of 5 KB at "+path, a.post(path, contentType, strings.Repeat("a", 5000), books), map[bool]int{true: 400, false: 413}[path == "/oauth/introspect/batch"], "invalid_request")
		a.wantOAuth("a body of 9 KB at "+path, a.post(path, contentType, strings.Repeat("a", 9000), books), 413, "invalid_request")
		a.wantOAuth("another type at "+path, a.post(path, "text/plain", "token=a", books), 400, "invalid_request")
		a.wantOAuth("no type at "+path, a.with("POST", path, "token=a", authorization(books.id, books.secret)), 400, "invalid_request")
		a.wantOAuth("a query at "+path, a.post(path+"?token=a", contentType, `token=b&grant_type=password`, books), 400, "invalid_request")
		encoded := authorization(books.id, books.secret)
		encoded["Content-Encoding"], encoded["Content-Type"] = "gzip", contentType
		a.wantOAuth("a compressed body at "+path, a.with("POST", path, "token=a", encoded), 415, "invalid_request")
		a.wantOAuth("another secret at "+path, a.post(path, contentType, "token=a&grant_type=password", credentials{books.id, "nonsense"}), 401, "invalid_client")
	}
}

func authorization(id, secret string) map[string]string {
	return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))}
}

// bookshop makes the API books and a client of it.
func (a *api) bookshop() credentials {
	a.t.Helper()
	a.must("api", "create", "books", "--scope", "books:read")
	return a.client("books")
}

func TestFormsAreReadInOneWayOnly(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_PASSWORD_GRANT"] = "true" })
	token, _ := a.library()
	books := a.client("books")
	const good = "grant_type=password&username=ada%40books.test&password=notes+on+the+analytical+engine"
	for name, body := range map[string]string{
		"bad percent-encoding": good + "&x=%zz", "cut percent-encoding": good + "%4", "bad encoding of a name": good + "&%zz=a", "invalid UTF-8": good + "&x=%ff", "raw invalid UTF-8": good + "&x=\xff",
		"twice": good + "&username=ada%40books.test", "twice, encoded": good + "&user%6Eame=ada", "twice, unknown": good + "&x=1&x=2", "once empty": "username=&" + good,
	} {
		a.wantOAuth(name, a.form(body), 400, "invalid_request")
		body = strings.Replace(body, good, "token="+token, 1)
		if name != "once empty" && name != "twice" && name != "twice, encoded" {
			a.wantOAuth(name+", introspection", a.post("/oauth/introspect", "application/x-www-form-urlencoded", body, books), 400, "invalid_request")
			a.wantOAuth(name+", revocation", a.revokeForm(body), 400, "invalid_request")
		}
	}
	a.want(a.me(token), 200, "")
	for name, body := range map[string]string{
		"percent-encoded": strings.ReplaceAll(good, "+", "%20"), "an unknown parameter": good + "&x=y", "several resources": good + "&resource=a&resource=b", "nothing between": "&&" + good + "&", "no value": good + "&scope", "an empty value": good + "&scope=",
	} {
		if got := a.form(body); got.status != 200 {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
}

func (a *api) revokeForm(body string) answer {
	a.t.Helper()
	return a.post("/oauth/revoke", "application/x-www-form-urlencoded", body, credentials{})
}

// RFC 6749, section 4.3.2: the server must authenticate the client if it shows
// credentials.
func TestTokenEndpointRefusesAClientThatIsNotKnown(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_PASSWORD_GRANT"] = "true" })
	a.register(email, password)
	books := a.bookshop()
	const good = "grant_type=password&username=ada%40books.test&password=notes+on+the+analytical+engine"
	raw := func(s string) []string { return []string{s} }
	basic := func(id, secret string) []string { return raw(authorization(id, secret)["Authorization"]) }
	for _, c := range []struct {
		name          string
		authorization []string
		more          string
		status        int
		code          string
	}{
		{"no client", nil, "", 200, ""},
		{"an empty header", raw(""), "", 200, ""},
		{"an empty pair, as Swagger UI sends it", raw("Basic Og=="), "", 200, ""},
		{"empty parameters", raw("basic Og=="), "&client_id=&client_secret=", 200, ""},
		{"its credentials", basic(books.id, books.secret), "", 200, ""},
		{"its id in the form as well", basic(books.id, books.secret), "&client_id=" + books.id, 200, ""},
		{"another secret", basic(books.id, "bcs_nonsense"), "", 401, "invalid_client"},
		{"no secret", basic(books.id, ""), "", 401, "invalid_client"},
		{"no id", basic("", books.secret), "", 401, "invalid_client"},
		{"an unknown id", basic("01a20cde-6bd3-7531-8ac9-b1636fb1cb55", books.secret), "", 401, "invalid_client"},
		{"the person's password", basic(email, password), "", 401, "invalid_client"},
		{"another scheme", raw("Bearer abc"), "", 401, "invalid_client"},
		{"not base64", raw("Basic ***"), "", 401, "invalid_client"},
		{"nothing after Basic", raw("Basic"), "", 401, "invalid_client"},
		{"a secret in the form", nil, "&client_id=" + books.id + "&client_secret=nonsense", 401, "invalid_client"},
		{"a secret in the form only", nil, "&client_secret=nonsense", 401, "invalid_client"},
		{"an id in the form only", nil, "&client_id=" + books.id, 401, "invalid_client"},
		{"an assertion", nil, "&client_assertion=a&client_assertion_type=b", 401, "invalid_client"},
		{"credentials twice", basic(books.id, books.secret), "&client_id=" + books.id + "&client_secret=" + books.secret, 400, "invalid_request"},
		{"two clients", basic(books.id, books.secret), "&client_id=01a20cde-6bd3-7531-8ac9-b1636fb1cb55", 400, "invalid_request"},
		{"two headers", []string{basic(books.id, books.secret)[0], "Basic Og=="}, "", 400, "invalid_request"},
	} {
		for _, path := range []string{"/oauth/token", "/oauth/revoke"} {
			r, err := http.NewRequestWithContext(t.Context(), "POST", a.url+path, strings.NewReader(good+"&token=nonsense"+c.more))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header["Authorization"] = c.authorization
			got := a.send(r)
			if c.status != 200 {
				a.wantOAuthAs(c.name+" at "+path, got, c.status, c.code, len(c.authorization) > 0)
			} else if got.status != 200 {
				t.Errorf("%s at %s: %d %s", c.name, path, got.status, got.raw)
			}
		}
	}
}
