package main_test

import (
	"bufio"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// example is a client of the RFCs' examples, as this service knows it.
type example struct {
	*guest
	client credentials
	// known replaces what stands in the examples by what this service has issued.
	known []string
}

const exampleRedirect = "https://client.example.com/cb"

// newExample registers the client of the examples. They are older than PKCE.
func newExample(t *testing.T) *example {
	t.Helper()
	a := withPages(t, func(s settings) { s["AUTH_API_ISSUER"] = "https://server.example.com" })
	a.library()
	a.must("role", "grant", email, "books", "editor", "--unverified-email")
	a.must("api", "create", "accounts", "--scope", "account-information") // of RFC 9126
	made := a.registered("--name", "example", "--redirect-uri", exampleRedirect, "--redirect-uri", "https://client.example.org/cb", "--audience", "books", "--audience", "accounts", "--first-party", "--no-pkce",
		"--grant", "authorization_code", "--grant", "refresh_token", "--grant", "client_credentials")
	a.must("role", "grant", made.id, "books", "editor")
	e := &example{guest: a.guest(), client: made}
	basic := base64.StdEncoding.EncodeToString([]byte(made.id + ":" + made.secret))
	e.known = []string{
		"s6BhdRkqt3", made.id, "7Fjfp0ZBr1KtDRbnfVdmIw", made.secret,
		"czZCaGRSa3F0MzpnWDFmQmF0M2JW", basic, "czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3", basic,
		" /token", " /oauth/token", " /authorize", " /oauth/authorize", " /introspect", " /oauth/introspect", " /revoke", " /oauth/revoke", " /as/par", " /oauth/par", " /as/authorize", " /oauth/authorize",
	}
	return e
}

// issued says what stands in the examples for something that was issued.
func (e *example) issued(inExample, here string) { e.known = append(e.known, inExample, here) }

// sends sends a request as an RFC prints it. Lines that begin with blanks go on with the line
// before, as RFCs break them.
func (e *example) sends(text string) answer {
	e.t.Helper()
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimPrefix(strings.TrimRight(line, "\n"), "\t\t")
		if went := strings.TrimLeft(line, " \t"); went != line && len(lines) > 0 {
			lines[len(lines)-1] += went
			continue
		}
		lines = append(lines, line)
	}
	head, body, _ := strings.Cut(strings.NewReplacer(e.known...).Replace(strings.Join(lines, "\n")), "\n\n")
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\n\n")))
	if err != nil {
		e.t.Fatalf("%v: %s", err, text)
	}
	header := map[string]string{}
	for name := range r.Header {
		header[name] = r.Header.Get(name)
	}
	return e.do(r.Method, r.RequestURI, body, header)
}

// wantMembers says that an answer is that of an example: its status, its headers about caching,
// and exactly these members.
func (e *example) wantMembers(what string, got answer, status int, members ...string) {
	e.t.Helper()
	var found []string
	for name := range got.body {
		found = append(found, name)
	}
	slices.Sort(found)
	slices.Sort(members)
	mediaType, _, _ := strings.Cut(got.header.Get("Content-Type"), ";")
	if got.status != status || mediaType != "application/json" || !strings.Contains(got.header.Get("Cache-Control"), "no-store") || !slices.Equal(found, members) {
		e.t.Errorf("%s: %d %v %s, want %d with %v", what, got.status, got.header, got.raw, status, members)
	}
}

// answersAt says where a browser is sent, and returns the parameters.
func (e *example) answersAt(what string, got answer, redirect string) url.Values {
	e.t.Helper()
	to, err := url.Parse(got.header.Get("Location"))
	if err != nil || got.status/100 != 3 || !strings.HasPrefix(to.String(), redirect+"?") {
		e.t.Fatalf("%s: %d %v", what, got.status, got.header)
	}
	return to.Query()
}

func TestExamplesOfRFC6749AreAnsweredAsItSays(t *testing.T) {
	t.Parallel()
	e := newExample(t)
	e.signsIn()
	// Section 4.1.1, and 4.1.2 for the answer.
	authorize := `
		GET /authorize?response_type=code&client_id=s6BhdRkqt3&state=xyz
		    &redirect_uri=https%3A%2F%2Fclient%2Eexample%2Ecom%2Fcb HTTP/1.1
		Host: server.example.com`
	back := e.answersAt("4.1.2", e.sends(authorize), exampleRedirect)
	if len(back) != 3 || back.Get("state") != "xyz" || back.Get("iss") != "https://server.example.com" {
		t.Errorf("4.1.2: %v", back)
	}
	e.issued("SplxlOBeZQQYbYS6WxSbIA", back.Get("code"))
	// Section 4.1.3, and 5.1 for the answer.
	exchange := `
		POST /token HTTP/1.1
		Host: server.example.com
		Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW
		Content-Type: application/x-www-form-urlencoded

		grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA
		 &redirect_uri=https%3A%2F%2Fclient%2Eexample%2Ecom%2Fcb`
	got := e.sends(exchange)
	e.wantMembers("5.1", got, 200, "access_token", "token_type", "expires_in", "refresh_token", "scope")
	if got.header.Get("Pragma") != "no-cache" || !strings.EqualFold(got.text("token_type"), "bearer") {
		t.Errorf("5.1: %v %s", got.header, got.raw)
	}
	e.issued("tGzv3JOkF0XG5Qx2TlKWIA", got.text("refresh_token"))
	// Section 6, with HTTP Basic, and section 2.3.1, with the secret in the body.
	e.wantMembers("6", e.sends(`
		POST /token HTTP/1.1
		Host: server.example.com
		Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW
		Content-Type: application/x-www-form-urlencoded

		grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA`), 200, "access_token", "token_type", "expires_in", "refresh_token", "scope")
	e.wantMembers("2.3.1", e.sends(`
		POST /token HTTP/1.1
		Host: server.example.com
		Content-Type: application/x-www-form-urlencoded

		grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA
		 &client_id=s6BhdRkqt3&client_secret=7Fjfp0ZBr1KtDRbnfVdmIw`), 200, "access_token", "token_type", "expires_in", "refresh_token", "scope")
	// Section 4.4.2: a program gets no refresh token.
	e.wantMembers("4.4.3", e.sends(`
		POST /token HTTP/1.1
		Host: server.example.com
		Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW
		Content-Type: application/x-www-form-urlencoded

		grant_type=client_credentials`), 200, "access_token", "token_type", "expires_in", "scope")
	// Section 5.2: the same code again, and a request without what it needs.
	if got := e.sends(exchange); got.status != 400 || got.text("error") != "invalid_grant" {
		t.Errorf("5.2: %d %s", got.status, got.raw)
	}
	got = e.sends(`
		POST /token HTTP/1.1
		Host: server.example.com
		Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW
		Content-Type: application/x-www-form-urlencoded

		code=SplxlOBeZQQYbYS6WxSbIA`)
	e.wantMembers("5.2", got, 400, "error", "error_description")
	if got.text("error") != "invalid_request" || got.header.Get("Pragma") != "no-cache" {
		t.Errorf("5.2: %v %s", got.header, got.raw)
	}
	// Section 4.2.1: the implicit grant, which RFC 9700 forbids. Its error goes to the client.
	back = e.answersAt("4.2.2.1", e.sends(strings.Replace(authorize, "response_type=code", "response_type=token", 1)), exampleRedirect)
	if back.Get("error") != "unsupported_response_type" || back.Get("state") != "xyz" {
		t.Errorf("4.1.2.1: %v", back)
	}
}

func TestExamplesOfRFC7009And7662AreAnsweredAsTheySay(t *testing.T) {
	t.Parallel()
	e := newExample(t)
	api := e.client
	e.issued("mF_9.B5f-4.1JqM", e.drawn(api))
	// RFC 7662, section 2.1, by a client of the API.
	bookshop := e.api.client("books")
	introspect := strings.ReplaceAll(`
		POST /introspect HTTP/1.1
		Host: server.example.com
		Accept: application/json
		Content-Type: application/x-www-form-urlencoded
		Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW

		token=mF_9.B5f-4.1JqM&token_type_hint=access_token`, "czZCaGRSa3F0MzpnWDFmQmF0M2JW", base64.StdEncoding.EncodeToString([]byte(bookshop.id+":"+bookshop.secret)))
	got := e.sends(introspect)
	if got.status != 200 || got.body["active"] != true || got.text("client_id") != api.id || got.text("scope") != "books:read books:write" || got.text("sub") == "" || got.text("aud") == "" && got.body["aud"] == nil || got.body["exp"] == nil || got.body["iat"] == nil {
		t.Errorf("7662, 2.2: %d %s", got.status, got.raw)
	}
	// RFC 7009, section 2.1.
	revoke := `
		POST /revoke HTTP/1.1
		Host: server.example.com
		Content-Type: application/x-www-form-urlencoded
		Authorization: Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW

		token=mF_9.B5f-4.1JqM&token_type_hint=refresh_token`
	for range 2 { // "invalid tokens do not cause an error response"
		if got := e.sends(revoke); got.status != 200 || got.raw != "" {
			t.Errorf("7009, 2.2: %d %s", got.status, got.raw)
		}
	}
	got = e.sends(introspect)
	e.wantMembers("7662, 2.2", got, 200, "active")
	if got.body["active"] != false {
		t.Errorf("7662, 2.2: %s", got.raw)
	}
	// RFC 7662, section 2.3: as in RFC 6749, section 5.2.
	refused := e.sends(strings.Replace(introspect, "Basic ", "Basic AAAA", 1))
	e.wantMembers("7662, 2.3", refused, 401, "error", "error_description")
	if refused.text("error") != "invalid_client" || !strings.HasPrefix(refused.header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("7662, 2.3: %v %s", refused.header, refused.raw)
	}
}

func TestExampleOfRFC8414IsAnsweredAsItSays(t *testing.T) {
	t.Parallel()
	e := newExample(t)
	got := e.sends(`
		GET /.well-known/oauth-authorization-server HTTP/1.1
		Host: server.example.com`)
	const server = "https://server.example.com"
	for name, want := range map[string]string{
		"issuer": server, "authorization_endpoint": server + "/oauth/authorize", "token_endpoint": server + "/oauth/token",
		"introspection_endpoint": server + "/oauth/introspect", "revocation_endpoint": server + "/oauth/revoke", "pushed_authorization_request_endpoint": server + "/oauth/par",
	} {
		if got.text(name) != want {
			t.Errorf("%s is %v, want %s", name, got.body[name], want)
		}
	}
	for _, name := range []string{"scopes_supported", "response_types_supported", "grant_types_supported", "token_endpoint_auth_methods_supported", "code_challenge_methods_supported"} {
		if list, is := got.body[name].([]any); !is || len(list) == 0 { // "claims with zero elements MUST be omitted"
			t.Errorf("%s is %v", name, got.body[name])
		}
	}
	if mediaType := got.header.Get("Content-Type"); got.status != 200 || mediaType != "application/json" {
		t.Errorf("%d %s", got.status, mediaType)
	}
	// RFC 9207, section 3.
	if got.body["authorization_response_iss_parameter_supported"] != true {
		t.Errorf("iss: %v", got.body["authorization_response_iss_parameter_supported"])
	}
}

func TestExamplesOfRFC9126And9207AreAnsweredAsTheySay(t *testing.T) {
	t.Parallel()
	e := newExample(t)
	e.signsIn()
	const redirect = "https://client.example.org/cb"
	// RFC 9126, section 2.1.
	push := `
		POST /as/par HTTP/1.1
		Host: as.example.com
		Content-Type: application/x-www-form-urlencoded
		Authorization: Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3

		response_type=code&state=af0ifjsldkj&client_id=s6BhdRkqt3
		 &redirect_uri=https%3A%2F%2Fclient.example.org%2Fcb
		 &code_challenge=K2-ltc83acc4h0c9w6ESC_rEMTJ3bww-uCHaoeK1t8U
		 &code_challenge_method=S256&scope=account-information`
	got := e.sends(push)
	e.wantMembers("9126, 2.2", got, 201, "request_uri", "expires_in")
	if lives, _ := got.body["expires_in"].(float64); !strings.HasPrefix(got.text("request_uri"), "urn:ietf:params:oauth:request_uri:") || lives < 5 || lives > 600 || !strings.Contains(got.header.Get("Cache-Control"), "no-store") {
		t.Errorf("9126, 2.2: %v %s", got.header, got.raw)
	}
	// Section 4.
	e.issued("urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A6esc_11ACC5bwc014ltc14eY22c", url.QueryEscape(got.text("request_uri")))
	authorize := `
		GET /authorize?client_id=s6BhdRkqt3&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A6esc_11ACC5bwc014ltc14eY22c HTTP/1.1
		Host: as.example.com`
	back := e.answersAt("9126, 4", e.sends(authorize), redirect)
	// RFC 9207, section 2.4: iss is there with a code, …
	if len(back) != 3 || back.Get("code") == "" || back.Get("state") != "af0ifjsldkj" || back.Get("iss") != "https://server.example.com" {
		t.Errorf("9207, 2.4: %v", back)
	}
	// … and with an error.
	silent := e.api.guest()
	e.guest.cookies = silent.cookies
	back = e.answersAt("9207, 2.4", e.sends(`
		GET /authorize?response_type=code&client_id=s6BhdRkqt3&state=af0ifjsldkj&prompt=none&redirect_uri=https%3A%2F%2Fclient.example.org%2Fcb HTTP/1.1
		Host: as.example.com`), redirect)
	if back.Get("error") != "login_required" || back.Get("state") != "af0ifjsldkj" || back.Get("iss") != "https://server.example.com" {
		t.Errorf("9207, 2.4: %v", back)
	}
	// RFC 9126, section 2.3: errors are those of the token endpoint, in its form.
	got = e.sends(strings.Replace(push, "https%3A%2F%2Fclient.example.org%2Fcb", "https%3A%2F%2Fclient.example.org%2Fother", 1))
	e.wantMembers("9126, 2.3", got, 400, "error", "error_description")
	if got.text("error") != "invalid_request" {
		t.Errorf("9126, 2.3: %s", got.raw)
	}
	// Section 2.1: "The request_uri authorization request parameter MUST NOT be provided".
	got = e.sends(push + "&request_uri=urn%3Aexample")
	e.wantMembers("9126, 2.1", got, 400, "error", "error_description")
}
