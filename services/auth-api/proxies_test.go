package main_test

import (
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/forward"
)

// What the configurations name is what the code names, also where no proxy is
// installed to try them.
func TestProxiesConfigurationsNameEveryHeader(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join("../../docs/proxies", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	find := func(text, pattern string) (all []string) {
		for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			all = append(all, found[1])
		}
		return all
	}
	same := func(what string, got, want []string) {
		t.Helper()
		if got, want := slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	nginx, traefik, caddy := read("nginx.conf"), read("traefik-dynamic.yml"), read("Caddyfile")
	same("nginx sets", find(nginx, `proxy_set_header (Remote\S*)`), forward.Headers())
	same("nginx takes over", find(strings.ToLower(nginx), `upstream_http_remote_(\w+)`), find(strings.ToLower(strings.Join(forward.Headers(), " ")), `remote-(\w+)`))
	same("Traefik deletes", find(traefik, `(?m)^ +(Remote\S*): ""$`), forward.StripList())
	same("Traefik takes over", find(find(traefik, `authResponseHeaders: &identity \[(.*)\]`)[0], `([\w-]+)`), forward.Headers())
	same("Caddy takes over", strings.Fields(find(caddy, `copy_headers (.*)`)[0]), forward.Headers())
	same("the page names", find(read("README.md"), "(?m)^\\| `(Remote-\\w+)` \\|"), forward.Headers())
	for _, name := range forward.StripList() {
		if prefix := find(caddy, `request_header -(\w+)\*`)[0]; !strings.HasPrefix(name, prefix) {
			t.Errorf("Caddy does not delete %s", name)
		}
	}
	var parsed struct {
		HTTP struct{ Routers map[string]any } `json:"http"`
	}
	if err := yaml.UnmarshalStrict([]byte(read("traefik.yml")), &map[string]any{}); err != nil {
		t.Error(err)
	}
	if err := yaml.Unmarshal([]byte(traefik), &parsed); err != nil || len(parsed.HTTP.Routers) == 0 {
		t.Errorf("%v, routers %v", err, parsed.HTTP.Routers)
	}
}

// everyProxy runs a test with each proxy that is installed.
func everyProxy(t *testing.T, run func(*testing.T, proxyProgram)) {
	for name, p := range proxies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, p)
		})
	}
}

func TestProxiesAskForATokenAndPassOnWhoAsks(t *testing.T) {
	t.Parallel()
	everyProxy(t, func(t *testing.T, p proxyProgram) {
		s := p.open(t, start(t))
		token, session := s.reader()
		manager, _ := s.signIn(email, password)
		const invalid, short = `Bearer realm="books", error="invalid_token"`, `Bearer realm="books", error="insufficient_scope", scope="books:write"`
		refused := func(got answer, status int, challenge string) {
			t.Helper()
			if h := got.header["Www-Authenticate"]; got.status != status || strings.Join(h, "|") != challenge {
				t.Errorf("%d %q, want %d %q", got.status, h, status, challenge)
			}
			for _, name := range forward.Headers() {
				if got.header.Get(name) != "" {
					t.Errorf("the client is told %s", name)
				}
			}
		}
		refused(s.stopped("GET", "/books/1", "", nil), 401, `Bearer realm="books"`)
		refused(s.stopped("HEAD", "/books/1", "", nil), 401, `Bearer realm="books"`)
		refused(s.stopped("POST", "/books/1", "", nil), 401, `Bearer realm="books"`)
		refused(s.stopped("GET", "/books/1", "nonsense", nil), 401, invalid)
		refused(s.stopped("GET", "/books/1", foreignToken(), nil), 401, invalid)
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			refused(s.stopped(method, "/books/1", token, nil), 403, short)
		}
		for _, target := range []string{"/_verify", "/verify?api=books", "/"} {
			if got := s.stopped("GET", target, token, nil); got.status != 404 {
				t.Errorf("%s: %d %s", target, got.status, got.raw)
			}
		}
		s.stopped("GET", "/books/1", "", http.Header{"Authorization": {"Bearer " + foreignToken(), "Bearer " + token}})

		s.want(s.call("PATCH", "/v1/accounts/me", manager, map[string]string{"name": "Ada Löwe"}), 200, "")
		id := s.me(token).text("id")
		for _, method := range []string{"GET", "HEAD"} {
			seen := s.passes(method, "/books/1", token, "", nil)
			for header, want := range map[string]string{forward.User: id, forward.Email: email, forward.Name: "Ada Löwe", forward.Scope: "books:list books:read", forward.Session: session} {
				if value, err := url.PathUnescape(seen.header.Get(header)); err != nil || value != want || len(seen.header[header]) != 1 {
					t.Errorf("%s is %q, want %q", header, seen.header[header], want)
				}
			}
			if seen.method != method || seen.header.Get("Authorization") != "" {
				t.Errorf("%s came as %s, with %v", method, seen.method, seen.header)
			}
		}
		s.want(s.call("DELETE", "/v1/sessions/current", token, nil), 204, "")
		refused(s.stopped("GET", "/books/1", token, nil), 401, invalid)
	})
}

// spoofs are names that some program reads as an identity header.
func spoofs() (names []string) {
	for _, name := range forward.StripList() {
		names = append(names, name, strings.ToLower(name), strings.ToUpper(name))
	}
	// Characters that a name may have (RFC 9110, section 5.6.2), which few programs fold.
	for _, separator := range "!#$%&'*+^`|~" {
		for _, header := range forward.Headers() {
			names = append(names, strings.ReplaceAll(header, "-", string(separator)))
		}
	}
	return names
}

func TestProxiesPassOnNoIdentityOfTheClients(t *testing.T) {
	t.Parallel()
	everyProxy(t, func(t *testing.T, p proxyProgram) {
		s := p.open(t, start(t))
		token, _ := s.reader()
		noSpoof(t, s, token, spoofs())
	})
}

func noSpoof(t *testing.T, s *site, token string, names []string) {
	t.Helper()
	const evil = "evil-Xq7"
	check := func(seen reached, what string, named bool) {
		t.Helper()
		variables := seen.variables()
		for _, header := range forward.Headers() {
			values := variables["HTTP_"+strings.ToUpper(strings.ReplaceAll(header, "-", "_"))]
			if slices.Contains(values, evil) || len(values) > 1 {
				t.Errorf("%s: the API sees %s as %q", what, header, values)
			}
		}
		if (len(variables["HTTP_REMOTE_USER"]) == 1) != named {
			t.Errorf("%s: the API sees the user %q", what, variables["HTTP_REMOTE_USER"])
		}
	}
	all := http.Header{}
	for _, name := range names {
		all[name] = []string{evil}
		one := http.Header{name: {evil, evil}}
		check(s.passes("GET", "/books/1", token, "", one), name, true)
		check(s.passes("GET", "/public/1", "", "", one), name, false)
		s.stopped("GET", "/books/1", "", one)
	}
	check(s.passes("GET", "/books/1", token, "", all), "all at once", true)
	check(s.passes("GET", "/public/1", token, "", all), "all at once", false)
	// Asking for headers to be dropped on the way must not bring others back.
	for _, name := range forward.Headers() {
		for _, drop := range []string{"Connection", "connection"} {
			seen := s.passes("GET", "/books/1", token, "", http.Header{drop: {"close, " + name}, name: {evil}})
			if strings.Contains(strings.Join(seen.header[name], " "), evil) {
				t.Errorf("%s: %s: the API sees %v", drop, name, seen.header)
			}
		}
	}
}

// Before 3.7.12 Traefik does not know aliasHeadersStrategy; the list holds alone.
func TestTraefiksListHoldsAlone(t *testing.T) {
	t.Parallel()
	s := proxies()["Traefik"].open(t, start(t), func(dir string) {
		name := filepath.Join(dir, "traefik.yml")
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		without := strings.Replace(string(text), "      aliasHeadersStrategy: delete\n", "", 1)
		if without == string(text) {
			t.Fatal("there is no aliasHeadersStrategy")
		}
		if err := os.WriteFile(name, []byte(without), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	token, _ := s.reader()
	noSpoof(t, s, token, forward.StripList())
}

func TestProxiesPolicyIsNotTheClients(t *testing.T) {
	t.Parallel()
	everyProxy(t, func(t *testing.T, p proxyProgram) {
		s := p.open(t, start(t))
		token, _ := s.reader()
		for _, value := range []string{"/public/1", "/verify?api=books&scope=books:read", "http://127.0.0.1/public/1", "GET", "api=books&scope=books:read", "1"} {
			spoof := http.Header{}
			for _, name := range []string{
				"X-Forwarded-Uri", "X-Forwarded-Url", "X-Original-Url", "X-Original-Uri", "X-Rewrite-Url", "X-Forwarded-Method", "X-Original-Method", "X-Http-Method-Override",
				"X-Method-Override", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-Proto", "X-Forwarded-For", "Forwarded", "Policy", "Api", "Scope",
			} {
				spoof[name] = []string{value}
			}
			if got := s.stopped("GET", "/books/1", "", spoof); got.status != 401 {
				t.Errorf("%s: %d %s", value, got.status, got.raw)
			}
			if got := s.stopped("DELETE", "/books/1", token, spoof); got.status != 403 {
				t.Errorf("%s: %d %s", value, got.status, got.raw)
			}
		}
		for _, query := range []string{"api=books&scope=books:read", "api=none", "scope=", "policy=api%3Dbooks", "&", "access_token=" + token} {
			if got := s.stopped("DELETE", "/books/1?"+query, token, nil); got.status != 403 {
				t.Errorf("%s: %d %s", query, got.status, got.raw)
			}
			s.passes("GET", "/books/1?"+query, token, "", nil)
		}
	})
}

// However a path is written, what the API may take for a book needs a token.
func TestProxiesAskHoweverThePathIsWritten(t *testing.T) {
	t.Parallel()
	everyProxy(t, func(t *testing.T, p proxyProgram) {
		s := p.open(t, start(t))
		for _, target := range []string{
			"/books/1", "//books/1", "/./books/1", "/public/../books/1", "/public/%2e%2e/books/1", "/public/..%2fbooks/1", "/%62ooks/1", "/public//../books/1", "/BOOKS/1",
			"/public/..%5cbooks/1", "/books/%2e/1", "/public/%252e%252e/books/1", "/books%2f1", "/public/.%2e/books/1",
		} {
			s.books.forget()
			got := s.via("GET", target, "", "", nil)
			for _, seen := range s.books.take() {
				decoded, err := url.PathUnescape(seen.uri)
				if err != nil || strings.HasPrefix(strings.ToLower(path.Clean("/"+decoded)), "/books") {
					t.Errorf("%s: %d, and the API saw %s", target, got.status, seen.uri)
				}
			}
		}
	})
}

func TestProxiesLeaveTheRequestAsItIs(t *testing.T) {
	t.Parallel()
	everyProxy(t, func(t *testing.T, p proxyProgram) {
		a := start(t)
		s := p.open(t, a)
		a.want(a.register(email, password), 202, "")
		a.grant("books", "books:read", "books:write")
		token, _ := a.signInFor("books:read books:write")
		const query = "q=a%20b+c&q=%C3%B6&x=%2F..%2F&empty=&api=none&scope=none"
		every := make([]byte, 256)
		for i := range every {
			every[i] = byte(i)
		}
		for _, body := range []string{"", "title=Emma", strings.Repeat(string(every), 2000)} {
			seen := s.passes("POST", "/books/1?"+query, token, body, http.Header{"Content-Type": {"application/octet-stream"}, "X-Own": {"kept"}})
			direct := directly(t, s, body)
			if seen.method != "POST" || seen.uri != "/books/1?"+query || seen.body != direct || seen.header.Get("X-Own") != "kept" {
				t.Errorf("%d bytes came as %s %s %s, want %s", len(body), seen.method, seen.uri, seen.body, direct)
			}
		}
		// auth-api takes 8 KiB of headers; what it does not need is not sent there.
		large := http.Header{"Cookie": {"a=" + strings.Repeat("a", 6<<10), "b=" + strings.Repeat("b", 6<<10)}}
		s.passes("GET", "/books/1", token, "", large)
	})
}

// directly is how the API sees a body without a proxy.
func directly(t *testing.T, s *site, body string) string {
	t.Helper()
	s.books.forget()
	response, err := http.Post("http://"+s.behind, "", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return s.books.take()[0].body
}

func TestProxiesTellFailuresFromRefusals(t *testing.T) {
	t.Parallel()
	everyProxy(t, func(t *testing.T, p proxyProgram) {
		redis := devtest.NewProxy(t, devtest.Redis(t))
		a := start(t, func(s settings) { s["SESSION_DB_URL"] = redis.URL })
		s := p.open(t, a)
		token, _ := a.reader()
		s.passes("GET", "/books/1", token, "", nil)
		redis.Cut()
		eventually(t, "the failure is told", func() bool {
			got := s.via("GET", "/books/1", token, "", nil)
			return got.status == 503 && got.header.Get("Retry-After") == "1"
		})
		for range 5 {
			if got := s.stopped("GET", "/books/1", token, nil); got.status != 503 || got.header.Get("Www-Authenticate") != "" {
				t.Errorf("%d %s %v", got.status, got.raw, got.header)
			}
		}
		if got := s.stopped("GET", "/books/1", "", nil); got.status != 401 {
			t.Errorf("without a token: %d", got.status)
		}
		redis.Restore()
		eventually(t, "it is let through again", func() bool {
			got := s.via("GET", "/books/1", token, "", nil)
			if got.status == 401 || got.status == 403 {
				t.Fatalf("a live token was refused: %d %s", got.status, got.raw)
			}
			return got.status == 200
		})
		if got := s.stopped("GET", "/books/1", "two tokens", nil); got.status != 400 {
			t.Errorf("a malformed header: %d %s", got.status, got.raw)
		}
		a.stop()
		if got := s.stopped("GET", "/books/1", token, nil); got.status != p.away {
			t.Errorf("without auth-api: %d %s, want %d", got.status, got.raw, p.away)
		}
		s.passes("GET", "/public/1", "", "", nil)
	})
}
