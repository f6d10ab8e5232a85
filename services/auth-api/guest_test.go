package main_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/net/html"

	"auth.books.test/internal/servicetest"
)

// withPages starts auth-api with an issuer that is where it serves, and so with pages.
func withPages(t *testing.T, change ...func(settings)) *api {
	t.Helper()
	// Pages need the address before the service has it.
	address := servicetest.Address(t)
	return start(t, append([]func(settings){func(s settings) {
		s["AUTH_API_ADDR"], s["AUTH_API_ISSUER"], s["AUTH_API_NAME"] = address, "http://"+address, "Books"
	}}, change...)...)
}

// app registers an app with a redirect URI, and returns its id.
func (a *api) appAt(name, redirect string, firstParty bool) string {
	a.t.Helper()
	id := uuid.NewString()
	a.addApp(id, name, redirect, firstParty)
	return id
}

func (a *api) addApp(id, name, redirect string, firstParty bool) {
	a.t.Helper()
	_, err := a.postgres().Exec(a.t.Context(), `
		INSERT INTO clients (id, name, authentication, secret_hashes, native, first_party, redirect_uris, grants)
		VALUES ($1, $2, 'none', '{}', true, $3, ARRAY[$4], '{authorization_code,refresh_token}')`, id, name, firstParty, redirect)
	if err != nil {
		a.t.Fatal(err)
	}
}

// allowBooks lets apps ask for scopes of the API books.
func (a *api) allowBooks(apps ...string) {
	a.t.Helper()
	if _, err := a.postgres().Exec(a.t.Context(), `UPDATE clients SET audiences = '{books}' WHERE id = ANY($1::uuid[])`, apps); err != nil {
		a.t.Fatal(err)
	}
}

// challenge and challengeVerifier are those of RFC 7636, appendix B.
const (
	challenge         = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	challengeVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

// linkOf is the link with which an app signs people in.
func linkOf(app, redirect string, more ...string) string {
	query := url.Values{
		"response_type": {"code"}, "client_id": {app}, "redirect_uri": {redirect}, "scope": {"openid email"}, "state": {"a state"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for n := 0; n < len(more); n += 2 {
		query.Set(more[n], more[n+1])
	}
	return "/oauth/authorize?" + query.Encode()
}

// guest is a browser without a screen: it has cookies and sends forms, but is asked before it
// follows anything.
type guest struct {
	*api
	origin  string
	cookies map[string]string
	// seen are all statuses that it got.
	seen map[int]bool
}

func (a *api) guest() *guest {
	return &guest{api: a, origin: a.env["AUTH_API_ISSUER"], cookies: map[string]string{}, seen: map[int]bool{}}
}

// copy is a browser with the same cookies.
func (g *guest) copy() *guest {
	c := g.guest()
	c.cookies = maps.Clone(g.cookies)
	return c
}

func (g *guest) do(method, path, body string, header map[string]string) answer {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.url+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	var pairs []string
	for name, value := range g.cookies {
		pairs = append(pairs, name+"="+value)
	}
	r.Header.Set("Cookie", strings.Join(pairs, "; "))
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response := servicetest.Send(g.t, client, r)
	for _, cookie := range (&http.Response{Header: response.Header}).Cookies() {
		if cookie.Value == "" {
			delete(g.cookies, cookie.Name)
		} else {
			g.cookies[cookie.Name] = cookie.Value
		}
	}
	g.seen[response.Status] = true
	return answer{response.Status, response.Header, response.Raw, response.Body}
}

func (g *guest) get(path string) answer {
	g.t.Helper()
	return g.do("GET", path, "", nil)
}

// send sends a form as a page of ours does.
func (g *guest) send(path string, form url.Values) answer {
	g.t.Helper()
	return g.do("POST", path, form.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": g.origin})
}

// formIn returns the fields of the form that a page sends to a path.
func formIn(t *testing.T, page answer, action string) url.Values {
	t.Helper()
	document, err := html.Parse(strings.NewReader(page.raw))
	if err != nil {
		t.Fatal(err)
	}
	attribute := func(n *html.Node, name string) string {
		at := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
		if at < 0 {
			return ""
		}
		return n.Attr[at].Val
	}
	for n := range document.Descendants() {
		if n.Data != "form" || attribute(n, "action") != action {
			continue
		}
		fields := url.Values{}
		for input := range n.Descendants() {
			if input.Data == "input" {
				fields.Set(attribute(input, "name"), attribute(input, "value"))
			}
		}
		return fields
	}
	t.Fatalf("no form is sent to %s: %d %s", action, page.status, page.raw)
	return nil
}

// fill sends the form of a page with fields filled in.
func (g *guest) fill(page answer, action string, pairs ...string) answer {
	g.t.Helper()
	form := formIn(g.t, page, action)
	for n := 0; n < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
	}
	return g.send(action, form)
}

// follow follows redirects as long as they stay here.
func (g *guest) follow(got answer) answer {
	g.t.Helper()
	for range 10 {
		to := got.header.Get("Location")
		if got.status != http.StatusSeeOther || !strings.HasPrefix(to, "/") {
			return got
		}
		got = g.get(to)
	}
	g.t.Fatalf("it goes round in a circle: %d %s", got.status, got.header.Get("Location"))
	return got
}

// signsIn signs in on a page, or on the usual one.
func (g *guest) signsIn(pages ...answer) answer {
	g.t.Helper()
	if len(pages) == 0 {
		pages = append(pages, g.get("/sign-in"))
	}
	return g.follow(g.fill(pages[0], "/sign-in", "email", email, "password", password))
}

func (g *guest) allows(page answer) answer {
	g.t.Helper()
	return g.follow(g.fill(page, "/consent", "answer", "allow"))
}

// refresh finds where a page leads by itself.
var refresh = regexp.MustCompile(`<meta http-equiv="refresh" content="0;url=([^"]*)">`)

// leads is where a browser ends up that comes from one of our forms.
func leads(t *testing.T, page answer) *url.URL {
	t.Helper()
	found := refresh.FindStringSubmatch(page.raw)
	if page.status != http.StatusOK || found == nil {
		t.Fatalf("the page leads nowhere: %d %s %s", page.status, page.header.Get("Location"), page.raw)
	}
	to := html.UnescapeString(found[1])
	if !strings.Contains(page.raw, `href="`+found[1]+`"`) {
		t.Errorf("there is no link to %s", to)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// wantCode says that a URL brings the app its code.
func wantCode(t *testing.T, to *url.URL, redirect, issuer string) (code string) {
	t.Helper()
	query := to.Query()
	code = query.Get("code")
	if !strings.HasPrefix(to.String(), redirect+"?") || !strings.HasPrefix(code, "bac_") || query.Get("state") != "a state" || query.Get("iss") != issuer {
		t.Errorf("it leads to %s", to)
	}
	return code
}

func (g *guest) wantPage(what string, got answer, status int, words ...string) {
	g.t.Helper()
	if got.status != status || !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		g.t.Errorf("%s: %d %s %s, want a page with %d", what, got.status, got.header.Get("Location"), got.raw, status)
	}
	for _, one := range words {
		if !strings.Contains(html.UnescapeString(got.raw), one) {
			g.t.Errorf("%s: the page lacks %q: %s", what, one, got.raw)
		}
	}
}

func (g *guest) wantSessions(what string, want int) {
	g.t.Helper()
	if n := g.count(`SELECT count(*) FROM authorizations a JOIN subjects s ON s.id = a.subject_id WHERE a.kind = 'session' AND a.revoked_at IS NULL AND a.epoch = s.epoch`); n != want {
		g.t.Errorf("%s: %d sessions, want %d", what, n, want)
	}
}

func (g *guest) String() string { return fmt.Sprint(g.cookies) }
