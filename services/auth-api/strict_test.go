package main_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// with sends a body under a Content-Type, which may be missing.
func (a *api) with(method, path, body string, header map[string]string) answer {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return a.send(r)
}

// Names, types and schemes of HTTP are the same in any case, and may have blanks
// and parameters.
func TestHeadersAreComparedAsHTTPSays(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_PASSWORD_GRANT"] = "true" })
	token, _ := a.library()
	books := a.client("books")
	basic := http.Request{Header: http.Header{}}
	basic.SetBasicAuth(books.id, books.secret)
	for _, form := range []string{
		"application/x-www-form-urlencoded", "Application/X-WWW-Form-URLencoded", "application/x-www-form-urlencoded; charset=UTF-8", "application/x-www-form-urlencoded ; charset=\"utf-8\"",
		"application/x-www-form-urlencoded;charset=utf8", "application/x-www-form-urlencoded;",
	} {
		header := map[string]string{"Content-Type": form, "Authorization": strings.Replace(basic.Header.Get("Authorization"), "Basic", "BASIC", 1)}
		if got := a.with("POST", "/oauth/introspect", "token="+token, header); got.body["active"] != true {
			t.Errorf("introspect, %s: %d %s", form, got.status, got.raw)
		}
		doomed, _ := a.signIn(email, password)
		delete(header, "Authorization")
		if got := a.with("POST", "/oauth/revoke", "token="+doomed, header); got.status != 200 || a.me(doomed).status != 401 {
			t.Errorf("revoke, %s: %d %s", form, got.status, got.raw)
		}
		if got := a.with("POST", "/oauth/token", url.Values{"grant_type": {"password"}, "username": {email}, "password": {password}}.Encode(), header); got.status != 200 {
			t.Errorf("token, %s: %d %s", form, got.status, got.raw)
		}
	}
	const name = `{"name":"Ada"}`
	for _, asJSON := range []string{"application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ; charset=UTF-8", "application/json;a=b", "\tapplication/json\t"} {
		for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
			header := map[string]string{"Content-Type": asJSON, "Authorization": scheme + " " + token}
			if got := a.with("PATCH", "/v1/accounts/me", name, header); got.status != 200 {
				t.Errorf("%s, %s: %d %s", asJSON, scheme, got.status, got.raw)
			}
		}
		if got := a.with("POST", "/oauth/introspect/batch", `{"tokens":[]}`, map[string]string{"Content-Type": asJSON, "Authorization": basic.Header.Get("Authorization")}); got.status != 200 {
			t.Errorf("batch, %s: %d %s", asJSON, got.status, got.raw)
		}
	}
	for _, coding := range []string{"identity", "Identity", "identity, ,IDENTITY"} {
		header := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token, "Content-Encoding": coding}
		if got := a.with("PATCH", "/v1/accounts/me", name, header); got.status != 200 {
			t.Errorf("Content-Encoding %s: %d %s", coding, got.status, got.raw)
		}
	}
	for _, coding := range []string{"gzip", "GZIP", "identity, gzip", "x-identity"} {
		header := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token, "Content-Encoding": coding}
		a.want(a.with("PATCH", "/v1/accounts/me", name, header), 415, "unsupported_media_type")
	}
	for accept, want := range map[string]string{"": "application/json", "json": "application/json", "Application/JSON": "application/json", "text/html": "application/json", "*/*;q=0": "application/json"} {
		if got := a.with("GET", "/v1/accounts/me", "", map[string]string{"Accept": accept, "Authorization": "Bearer " + token}); got.status != 200 || got.header.Get("Content-Type") != want {
			t.Errorf("Accept %s: %d %s", accept, got.status, got.header.Get("Content-Type"))
		}
	}
}

// A page of any origin may send a body that does not say what it is, or that says
// text/plain, without a preflight.
func TestABodyThatIsNotCalledJSONIsRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	body := `{"email":"` + email + `","password":"` + password + `"}`
	for _, contentType := range []string{
		"", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/problem+json", "text/plain+json", "application/jsonx",
		"application/json; charset=utf-16", "application/json; charset=iso-8859-1", "application/json, text/plain", "application/json; charset", "json", "*/*",
	} {
		header := map[string]string{}
		if contentType != "" {
			header["Content-Type"] = contentType
		}
		for _, path := range []string{"/v1/accounts", "/v1/sessions"} {
			if got := a.with("POST", path, body, header); got.status != 415 || got.code() != "unsupported_media_type" {
				t.Errorf("%s at %s: %d %s", contentType, path, got.status, got.raw)
			}
		}
	}
	a.want(a.with("POST", "/v1/accounts", "", nil), 400, "malformed_request")
	if n := a.count("SELECT count(*) FROM accounts"); n != 0 {
		t.Errorf("%d accounts were made", n)
	}
}

// What two parsers read differently is refused, so that whatever checks a request
// before us has seen the same.
func TestJSONIsReadInOneWayOnly(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.register(email, password)
	before := a.count("SELECT count(*) FROM sessions")
	good := `"email":"` + email + `","password":"` + password + `"`
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"the same field twice":          {`{` + good + `,"email":"` + email + `"}`, 400, "malformed_request"},
		"the same field, as an escape":  {`{` + good + `,"em\u0061il":"` + email + `"}`, 400, "malformed_request"},
		"twice, deeper":                 {`{` + good + `,"x":[{"` + marker + `":1,"` + marker + `":2}]}`, 400, "malformed_request"},
		"capital letters":               {`{"EMAIL":"` + email + `","PASSWORD":"` + password + `"}`, 422, "validation_failed"},
		"one capital letter":            {`{"email":"` + email + `","Password":"` + password + `"}`, 422, "validation_failed"},
		"a field in two cases":          {`{` + good + `,"Email":"` + email + `"}`, 422, "validation_failed"},
		"another letter that folds":     {`{"email":"` + email + `","paſſword":"` + password + `"}`, 422, "validation_failed"},
		"invalid UTF-8 in a value":      {`{"email":"` + email + `","password":"` + password + "\xff" + `"}`, 400, "malformed_request"},
		"invalid UTF-8 in a name":       {`{` + good + `,"` + "\xc3" + `":1}`, 400, "malformed_request"},
		"an overlong encoding":          {`{"email":"` + email + `","password":"` + "\xc1\xa1" + password + `"}`, 400, "malformed_request"},
		"a surrogate in UTF-8":          {`{"email":"` + email + `","password":"` + "\xed\xa0\x80" + password + `"}`, 400, "malformed_request"},
		"half a pair":                   {`{"email":"` + email + `","password":"` + password + `\ud800"}`, 400, "malformed_request"},
		"the other half":                {`{"email":"` + email + `","password":"` + password + `\uDC00"}`, 400, "malformed_request"},
		"the halves in the wrong order": {`{"email":"` + email + `","password":"` + password + `\udc00\ud800"}`, 400, "malformed_request"},
		"something after it":            {`{` + good + `} {}`, 400, "malformed_request"},
		"a byte order mark":             {"\xef\xbb\xbf" + `{` + good + `}`, 400, "malformed_request"},
		"UTF-16":                        {"\x00{\x00}", 400, "malformed_request"},
		"a comma too many":              {`{` + good + `,}`, 400, "malformed_request"},
		"a comment":                     {`{` + good + `/* */}`, 400, "malformed_request"},
		"single quotes":                 {`{'email':'a'}`, 400, "malformed_request"},
		"not a number":                  {`{` + good + `,"x":NaN}`, 400, "malformed_request"},
		"a raw tab":                     {`{"email":"` + email + `","password":"` + password + "\t" + `"}`, 400, "malformed_request"},
		"deep":                          {`{"x":` + strings.Repeat("[", 1500) + strings.Repeat("]", 1500) + `}`, 422, "validation_failed"},
		"deep, and not closed":          {strings.Repeat("[", 4000), 400, "malformed_request"},
		"null":                          {`null`, 422, "validation_failed"},
		"null for a password":           {`{"email":"` + email + `","password":null}`, 422, "validation_failed"},
		"a list for a password":         {`{"email":"` + email + `","password":["` + password + `"]}`, 422, "validation_failed"},
		"true for a password":           {`{"email":"` + email + `","password":true}`, 422, "validation_failed"},
		"a scope that is a list":        {`{` + good + `,"scope":["account"]}`, 422, "validation_failed"},
	} {
		got := a.with("POST", "/v1/sessions", c.body, map[string]string{"Content-Type": "application/json"})
		if got.status != c.status || got.code() != c.code || len(got.text("detail")) < 20 || strings.Contains(got.raw, marker) {
			t.Errorf("%s: %d %s, want %d %s", name, got.status, got.raw, c.status, c.code)
		}
	}
	if after := a.count("SELECT count(*) FROM sessions"); after != before {
		t.Errorf("%d sessions, before %d", after, before)
	}
	token, _ := a.signIn(email, password)
	as := map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + token}
	a.want(a.with("PATCH", "/v1/accounts/me", `{"name":"Ada `+"\xff"+`"}`, as), 400, "malformed_request")
	a.want(a.with("PATCH", "/v1/accounts/me", `{"name":"A","name":"B"}`, as), 400, "malformed_request")
	if got := a.with("PATCH", "/v1/accounts/me", `{"name":"Ada \ud83d\ude00 \ufffd"}`, as); got.text("name") != "Ada 😀 \ufffd" {
		t.Errorf("%d %s", got.status, got.raw)
	}
}

func TestQueriesAreReadInOneWayOnly(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.member()
	for query, want := range map[string]struct {
		status int
		code   string
	}{
		"?all=true&all=false": {400, "malformed_request"}, "?all=false&all=true": {400, "malformed_request"}, "?all=%zz": {400, "malformed_request"}, "?all": {400, "malformed_request"}, "?all=": {400, "malformed_request"},
		"?all=true;all=false": {400, "malformed_request"}, "?All=true": {422, "validation_failed"}, "?al=true": {422, "validation_failed"}, "?all=maybe": {422, "validation_failed"},
	} {
		got := a.call("DELETE", "/v1/sessions"+query, token, nil)
		if got.status != want.status || got.code() != want.code {
			t.Errorf("%s: %d %s", query, got.status, got.raw)
		}
	}
	a.want(a.me(token), 200, "")
	a.want(a.call("DELETE", "/v1/sessions?all=true", token, nil), 204, "")
	a.want(a.me(token), 401, "invalid_token")
}
