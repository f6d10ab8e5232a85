package main_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
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
	nginx, traefik, caddy, haproxy, apache := read("nginx.conf"), read("traefik-dynamic.yml"), read("Caddyfile"), read("auth-api.lua"), read("apache.conf")
	same("nginx sets", find(read("nginx-identity.conf"), `proxy_set_header (Remote\S*)`), forward.Headers())
	same("HAProxy sets", find(find(haproxy, `local identity = \{(.*)\}`)[0], `"([\w-]+)"`), forward.Headers())
	same("Apache sets", find(apache, `(?m)^ +RequestHeader set (Remote\S*)`), forward.Headers())
	same("Apache deletes", find(apache, `(?m)^ +RequestHeader unset (Remote\S*) early`), forward.StripList())
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

// TestProxies starts each proxy that is installed once, in front of one auth-api.
func TestProxies(t *testing.T) {
	t.Parallel()
	redis := devtest.NewProxy(t, devtest.Redis(t))
	a := start(t, func(s settings) { s["SESSION_DB_URL"] = redis.URL })
	a.register(email, password)
	a.must("account", "verify", email)
	a.register(nameless, password)
	a.grant("books", "books:read", "books:list", "books:write")
	a.grant("shop", "shop:buy")
	manager, _ := a.signIn(email, password)
	a.want(a.call("PATCH", "/v1/accounts/me", manager, map[string]string{"name": "Ada Löwe"}), 200, "")
	token, session := a.signInFor("books:read books:list")
	id := a.me(token).text("id")

	sites := map[string]*site{}
	for name, p := range proxies() {
		if p.path() == "" {
			t.Run(name, func(t *testing.T) {
				t.Skipf("SKIPPED, no %[1]s: its configuration in docs/proxies was not tried. Install %[1]s to run this test.", p.program)
			})
			continue
		}
		s := p.open(t, a)
		s.token, s.session, s.id = token, session, id
		sites[name] = s
	}
	t.Run("each", func(t *testing.T) {
		for name, s := range sites {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				for _, c := range []struct {
					name string
					run  func(*testing.T, *site)
				}{
					{"the API is told who asks", tellsWhoAsks},
					{"an account without a name", tellsWhoAsksWithoutAName},
					{"who may not is refused", refusesWhoMayNot},
					{"clients name nobody", passesOnNoIdentityOfTheClients},
					{"Connection takes nothing away", keepsHopByHopHeaders},
					{"trailers name nobody", passesOnNoTrailer},
					{"the policy is not the client's", asksWhatItIsConfiguredTo},
					{"one spelling of a path", refusesAmbiguousPaths},
					{"the request stays as it is", leavesTheRequestAsItIs},
					{"large requests", passesOnLargeRequests},
					{"the client's address", tellsTheClientsAddress},
					{"websockets", upgradesToWebsockets},
					{"auth-api fails", closesWhenAuthAPIFails},
				} {
					t.Run(c.name, func(t *testing.T) {
						in := *s
						in.t = t
						c.run(t, &in)
					})
				}
			})
		}
	})
	t.Run("the store is away", func(t *testing.T) {
		redis.Cut()
		for name, s := range sites {
			devtest.Eventually(t, name+" tells the failure", func() bool {
				got := s.via("GET", "/books/1", token, "", nil)
				return got.status == 503 && got.header.Get("Retry-After") == "1"
			})
			for range 5 {
				if got := s.stopped("GET", "/books/1", token, nil); got.status != 503 || got.header.Get("Www-Authenticate") != "" {
					t.Errorf("%s: %d %s %v", name, got.status, got.raw, got.header)
				}
			}
			if got := s.stopped("GET", "/books/1", "", nil); got.status != 401 {
				t.Errorf("%s: without a token: %d", name, got.status)
			}
		}
		redis.Restore()
		for name, s := range sites {
			devtest.Eventually(t, name+" lets it through again", func() bool {
				got := s.via("GET", "/books/1", token, "", nil)
				if got.status == 401 || got.status == 403 {
					t.Fatalf("%s: a live token was refused: %d %s", name, got.status, got.raw)
				}
				return got.status == 200
			})
		}
	})
}

// nameless is the address of an account without a name.
const nameless = "nameless@books.test"

// told checks what the API is told, and that it does not get the token.
func (s *site) told(seen reached, want map[string]string) {
	s.t.Helper()
	for header, want := range want {
		values := seen.header[header]
		value, err := url.PathUnescape(strings.Join(values, "|"))
		if err != nil || value != want || len(values) > 1 || want != "" && len(values) != 1 {
			s.t.Errorf("%s is %q, want %q", header, values, want)
		}
	}
	if seen.header.Get("Authorization") != "" {
		s.t.Errorf("the API gets the token: %v", seen.header)
	}
}

// ada is what the API is to be told of the usual account.
func (s *site) ada() map[string]string {
	return map[string]string{forward.User: s.id, forward.Email: email, forward.EmailVerified: "true", forward.Name: "Ada Löwe", forward.Scope: "books:list books:read", forward.Session: s.session}
}

func tellsWhoAsks(t *testing.T, s *site) {
	writer, session := s.signInFor("books:write")
	asWriter := s.ada()
	asWriter[forward.Scope], asWriter[forward.Session] = "books:write", session
	for _, path := range []string{"/books", "/books/", "/books/1", "/books?q=1", "/books/?q=1"} {
		for _, method := range []string{"GET", "HEAD"} {
			seen := s.passes(method, path, s.token, "", nil)
			if seen.method != method || seen.uri != path {
				t.Errorf("%s %s came as %s %s", method, path, seen.method, seen.uri)
			}
			s.told(seen, s.ada())
		}
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			seen := s.passes(method, path, writer, "", nil)
			if seen.method != method || seen.uri != path {
				t.Errorf("%s %s came as %s %s", method, path, seen.method, seen.uri)
			}
			s.told(seen, asWriter)
		}
	}
	for _, path := range []string{"/public", "/public/", "/public/1?q=1"} {
		s.told(s.passes("GET", path, s.token, "", nil), map[string]string{forward.User: "", forward.Email: "", forward.EmailVerified: "", forward.Name: "", forward.Scope: "", forward.Session: ""})
	}
	// auth-api gets what it needs, and no more.
	s.front.take()
	s.passes("GET", "/books/1", s.token, "", http.Header{"Cookie": {"a=b"}, "Referer": {"http://books.test/"}, "X-Own": {"1"}})
	for _, asked := range s.front.take() {
		for _, name := range []string{"Cookie", "Referer", "X-Own", forward.User} {
			if asked.header.Get(name) != "" {
				t.Errorf("auth-api is sent %s: %v", name, asked.header)
			}
		}
	}
}

// A name that is empty must neither leave the client's own in its place nor become
// the name of a placeholder.
func tellsWhoAsksWithoutAName(t *testing.T, s *site) {
	got := s.call("POST", "/v1/sessions", "", map[string]string{"email": nameless, "password": password, "scope": "books:read"})
	s.want(got, 201, "")
	for _, spoof := range []http.Header{nil, {forward.Name: {"root"}, "X-Own": {"1"}}, {"remote-name": {"root", "root"}}} {
		seen := s.passes("GET", "/books/1", got.text("access_token"), "", spoof)
		s.told(seen, map[string]string{forward.Name: "", forward.Email: nameless, forward.EmailVerified: "false", forward.Scope: "books:read"})
	}
}

// refusal checks an answer in auth-api's words, which names nobody.
func (s *site) refusal(got answer, status int, challenge string) {
	s.t.Helper()
	if h := got.header["Www-Authenticate"]; got.status != status || strings.Join(h, "|") != challenge {
		s.t.Errorf("%d %q, want %d %q", got.status, h, status, challenge)
	}
	for _, name := range forward.Headers() {
		if got.header.Get(name) != "" {
			s.t.Errorf("the client is told %s", name)
		}
	}
}

func refusesWhoMayNot(t *testing.T, s *site) {
	const invalid, short = `Bearer realm="books", error="invalid_token"`, `Bearer realm="books", error="insufficient_scope", scope="books:write"`
	for _, path := range []string{"/books", "/books/", "/books/1"} {
		for _, method := range []string{"GET", "HEAD", "POST"} {
			s.refusal(s.stopped(method, path, "", nil), 401, `Bearer realm="books"`)
		}
	}
	s.refusal(s.stopped("GET", "/books/1", "nonsense", nil), 401, invalid)
	s.refusal(s.stopped("GET", "/books/1", foreignToken(), nil), 401, invalid)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		s.refusal(s.stopped(method, "/books/1", s.token, nil), 403, short)
	}
	shopper, _ := s.signInFor("shop:buy")
	s.refusal(s.stopped("GET", "/books/1", shopper, nil), 403, `Bearer realm="books", error="insufficient_scope", scope="books:read"`)
	for _, target := range []string{"/_verify", "/verify?api=books", "/", "/booksellers", "/publican"} {
		if got := s.stopped("GET", target, s.token, nil); got.status != 404 {
			t.Errorf("%s: %d %s", target, got.status, got.raw)
		}
	}
	s.stopped("GET", "/books/1", "", http.Header{"Authorization": {"Bearer " + foreignToken(), "Bearer " + s.token}})
	if got := s.stopped("GET", "/books/1", "two tokens", nil); got.status != 400 {
		t.Errorf("a malformed header: %d %s", got.status, got.raw)
	}
	ended, _ := s.signInFor("books:read")
	s.passes("GET", "/books/1", ended, "", nil)
	s.want(s.call("DELETE", "/v1/sessions/current", ended, nil), 204, "")
	if s.introspects {
		devtest.Eventually(t, "the ended session is refused", func() bool { return s.via("GET", "/books/1", ended, "", nil).status == 401 })
	}
	s.refusal(s.stopped("GET", "/books/1", ended, nil), 401, invalid)
}

// spoofs are names that some program reads as an identity header.
func spoofs() (names []string) {
	for _, name := range forward.StripList() {
		names = append(names, name, strings.ToLower(name), strings.ToUpper(name))
	}
	return names
}

// oddSpoofs have characters that a name may have (RFC 9110, section 5.6.2), which
// few programs fold.
func oddSpoofs() (names []string) {
	for _, separator := range "!#$%&'*+^`|~" {
		for _, header := range forward.Headers() {
			names = append(names, strings.ReplaceAll(header, "-", string(separator)))
		}
	}
	return names
}

func passesOnNoIdentityOfTheClients(t *testing.T, s *site) {
	noSpoof(t, s, spoofs())
	for _, name := range oddSpoofs() {
		for _, target := range []string{"/books/1", "/public/1"} {
			s.books.forget()
			got := s.via("GET", target, s.token, "", http.Header{name: {spoof}})
			seen := s.books.take()
			for _, r := range seen {
				clean(t, r, name)
			}
			if got.status != 400 && len(seen) != 1 {
				t.Errorf("%s: %d %s", name, got.status, got.raw)
			}
		}
	}
}

const spoof = "spoof-Xq7"

// clean checks that the API is told nothing by the client.
func clean(t *testing.T, seen reached, what string) {
	t.Helper()
	variables := seen.variables()
	for _, header := range forward.Headers() {
		values := variables["HTTP_"+strings.ToUpper(strings.ReplaceAll(header, "-", "_"))]
		if slices.Contains(values, spoof) || len(values) > 1 {
			t.Errorf("%s: the API sees %s as %q", what, header, values)
		}
	}
}

func noSpoof(t *testing.T, s *site, names []string) {
	t.Helper()
	check := func(seen reached, what string, named bool) {
		t.Helper()
		clean(t, seen, what)
		if user := seen.variables()["HTTP_REMOTE_USER"]; (len(user) == 1) != named {
			t.Errorf("%s: the API sees the user %q", what, user)
		}
	}
	all := http.Header{}
	for _, name := range names {
		all[name] = []string{spoof}
		one := http.Header{name: {spoof, spoof}}
		check(s.passes("GET", "/books/1", s.token, "", one), name, true)
		check(s.passes("GET", "/public/1", "", "", one), name, false)
		s.stopped("GET", "/books/1", "", one)
	}
	check(s.passes("GET", "/books/1", s.token, "", all), "all at once", true)
	check(s.passes("GET", "/public/1", s.token, "", all), "all at once", false)
}

// Before 3.7.12 Traefik does not know aliasHeadersStrategy; the list holds alone.
func TestTraefiksListHoldsAlone(t *testing.T) {
	t.Parallel()
	traefik := proxies()["Traefik"]
	if traefik.path() == "" {
		t.Skip("SKIPPED, no traefik: its configuration in docs/proxies was not tried. Install traefik to run this test.")
	}
	s := traefik.open(t, start(t), func(dir string) {
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
	s.token, s.session = s.reader()
	noSpoof(t, s, forward.StripList())
}

// What a client lists in Connection is for the next hop (RFC 9110, section 7.6.1):
// no header of ours may go that way, and none of the client's come in.
func keepsHopByHopHeaders(t *testing.T, s *site) {
	everything := strings.Join(append(forward.Headers(), "Authorization", "X-Forwarded-For"), ", ")
	for _, h := range []http.Header{
		{"Connection": {everything}}, {"Connection": {"close, " + everything}}, {"connection": {"keep-alive", everything}}, {"Connection": {strings.ToLower(everything)}},
		{"Connection": {everything}, forward.User: {spoof}, forward.Scope: {spoof}}, {"Connection": {forward.User}, forward.User: {spoof}},
		{"Proxy-Connection": {everything}}, {"Keep-Alive": {everything}, "Te": {"trailers, " + forward.User}, "Connection": {"Keep-Alive, TE"}},
		{"Proxy-Authorization": {"Basic x"}, "Proxy-Authenticate": {"x"}, "Connection": {"Upgrade, " + forward.User}, "Upgrade": {forward.User}},
		{"Connection": {"Upgrade, HTTP2-Settings, " + everything}, "Upgrade": {"h2c"}, "Http2-Settings": {"AAMAAABkAAQAAP__"}},
		{"Connection": {"Upgrade"}, "Upgrade": {"websocket, h2c"}},
	} {
		s.books.forget()
		got := s.via("GET", "/books/1", s.token, "", h)
		seen := s.books.take()
		if s.program == "haproxy" && got.status == 400 && len(seen) == 0 && strings.HasPrefix(h.Get("Upgrade"), "websocket") {
			continue // HAProxy itself asks for a Sec-WebSocket-Key.
		}
		if s.program == "traefik" && got.status == 401 && len(seen) == 0 && strings.Contains(strings.ToLower(fmt.Sprint(h)), "authorization") {
			continue // Traefik drops what the client wants dropped, its own token too.
		}
		if got.status != http.StatusOK || len(seen) != 1 {
			t.Errorf("%v: %d %s, the API saw %v", h, got.status, got.raw, seen)
			continue
		}
		s.told(seen[0], s.ada())
		if s.program == "traefik" {
			continue // It drops h2c, and passes on other upgrades.
		}
		for _, name := range append(forward.Headers(), "Upgrade") {
			if strings.Contains(strings.ToLower(seen[0].header.Get("Connection")), strings.ToLower(name)) {
				t.Errorf("%v: the API is sent Connection: %s", h, seen[0].header["Connection"])
			}
		}
		if seen[0].header.Get("Upgrade") != "" {
			t.Errorf("%v: the API is asked to upgrade to %s", h, seen[0].header["Upgrade"])
		}
		for _, seen := range s.pass("GET", "/public/1", "", h) {
			clean(t, seen, "Connection")
		}
	}
}

// pass sends a request and gives what reached the API.
func (s *site) pass(method, target, token string, header http.Header) []reached {
	s.t.Helper()
	s.books.forget()
	s.via(method, target, token, "", header)
	return s.books.take()
}

// Some programs take trailers for headers (RFC 9110, section 6.5.1).
func passesOnNoTrailer(t *testing.T, s *site) {
	writer, _ := s.signInFor("books:write")
	for _, declared := range []string{"", "Trailer: Remote-User, Remote_User\r\n", "Connection: Trailer\r\nTrailer: X-Other\r\n"} {
		s.books.forget()
		got, _ := s.raw("POST /books/1 HTTP/1.1\r\nHost: books.test\r\nAuthorization: Bearer " + writer + "\r\n" + declared +
			"Transfer-Encoding: chunked\r\n\r\n4\r\nEmma\r\n0\r\nRemote-User: " + spoof + "\r\nRemote_User: " + spoof + "\r\n\r\n")
		seen := s.books.take()
		if got.status != 200 && got.status != 400 || got.status == 200 && len(seen) != 1 {
			t.Errorf("%q: %d %s, %v", declared, got.status, got.raw, seen)
		}
		for _, r := range seen {
			clean(t, r, "trailer")
			// Some pass trailers on, but never as headers.
			if strings.Contains(fmt.Sprint(r.trailer), spoof) && s.program != "caddy" && s.program != "haproxy" {
				t.Errorf("%q: the API sees the trailers %v", declared, r.trailer)
			}
		}
	}
}

func asksWhatItIsConfiguredTo(t *testing.T, s *site) {
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
		if got := s.stopped("DELETE", "/books/1", s.token, spoof); got.status != 403 {
			t.Errorf("%s: %d %s", value, got.status, got.raw)
		}
	}
	for _, query := range []string{"api=books&scope=books:read", "api=none", "scope=", "policy=api%3Dbooks", "&", "access_token=" + s.token} {
		if got := s.stopped("DELETE", "/books/1?"+query, s.token, nil); got.status != 403 {
			t.Errorf("%s: %d %s", query, got.status, got.raw)
		}
		s.passes("GET", "/books/1?"+query, s.token, "", nil)
	}
}

func leavesTheRequestAsItIs(t *testing.T, s *site) {
	writer, _ := s.signInFor("books:write")
	const query = "q=a%20b+c&q=%C3%B6&x=%2F..%2F&empty=&api=none&scope=none"
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, body := range []string{"", "title=Emma", strings.Repeat(string(every), 2000)} {
		seen := s.passes("POST", "/books/1?"+query, writer, body, http.Header{"Content-Type": {"application/octet-stream"}, "X-Own": {"kept"}})
		direct := directly(t, s, body)
		if seen.method != "POST" || seen.uri != "/books/1?"+query || seen.body != direct || seen.header.Get("X-Own") != "kept" {
			t.Errorf("%d bytes came as %s %s %s, want %s", len(body), seen.method, seen.uri, seen.body, direct)
		}
	}
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

// auth-api takes 8 KiB of headers; what it does not need is not sent there.
func passesOnLargeRequests(t *testing.T, s *site) {
	for name, h := range map[string]http.Header{
		"cookies": {"Cookie": {"a=" + strings.Repeat("a", 20<<10)}}, "a referer": {"Referer": {"http://books.test/?" + strings.Repeat("r", 7<<10)}},
		"the browser's": {"User-Agent": {strings.Repeat("u", 4<<10)}, "Accept": {strings.Repeat("a", 4<<10)}, "Baggage": {strings.Repeat("b", 4<<10)}, "X-Amzn-Oidc-Data": {strings.Repeat("x", 4<<10)}},
	} {
		seen := s.passes("GET", "/books/1", s.token, "", h)
		for header, values := range h {
			if !slices.Equal(seen.header[header], values) {
				t.Errorf("%s: %s did not come whole", name, header)
			}
		}
	}
	for _, target := range []string{"/books/1?q=" + strings.Repeat("q", 6<<10), "/books/" + strings.Repeat("p", 6<<10), "/books/1?q=" + strings.Repeat("q", 12<<10)} {
		if seen := s.passes("GET", target, s.token, "", nil); seen.uri != target {
			t.Errorf("%d bytes of URL came as %d", len(target), len(seen.uri))
		}
	}
}

// Whoever may be asked later (a service behind the proxy with
// AUTH_API_TRUSTED_PROXIES, for one) gets the address of the connection, and nothing that
// the client has chosen.
func tellsTheClientsAddress(t *testing.T, s *site) {
	for _, spoof := range []http.Header{
		nil, {"X-Forwarded-For": {"203.0.113.7"}}, {"X-Forwarded-For": {"203.0.113.7, 127.0.0.1", "203.0.113.8"}}, {"x-forwarded-for": {"203.0.113.7"}},
		{"X-Real-Ip": {"203.0.113.7"}, "Forwarded": {"for=203.0.113.7"}, "X-Forwarded-For": {"203.0.113.7"}, "X-Client-Ip": {"203.0.113.7"}, "True-Client-Ip": {"203.0.113.7"}},
		{"X_Forwarded_For": {"203.0.113.7"}, "X_Real_Ip": {"203.0.113.7"}}, {"Connection": {"X-Forwarded-For, X-Real-Ip"}, "X-Forwarded-For": {"203.0.113.7"}},
	} {
		s.front.take()
		for _, target := range []string{"/books/1", "/public/1"} {
			seen := s.passes("GET", target, s.token, "", spoof)
			if got := seen.header["X-Forwarded-For"]; !slices.Equal(got, []string{"127.0.0.1"}) {
				t.Errorf("%v: the API sees X-Forwarded-For %q", spoof, got)
			}
			for _, name := range []string{"X-Real-Ip", "Forwarded", "X_forwarded_for", "X_real_ip", "X-Forwarded-Host"} {
				if value := seen.header.Get(name); strings.Contains(value, "203.0.113") {
					t.Errorf("%v: the API sees %s: %s", spoof, name, value)
				}
			}
		}
		for _, asked := range s.front.take() {
			if value := strings.Join(asked.header["X-Forwarded-For"], ", "); value != "" && value != "127.0.0.1" {
				t.Errorf("%v: auth-api sees X-Forwarded-For %q", spoof, value)
			}
		}
	}
}

func upgradesToWebsockets(t *testing.T, s *site) {
	const hello = "GET %s HTTP/1.1\r\nHost: books.test\r\nConnection: %s\r\nUpgrade: %s\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n"
	authorization := "Authorization: Bearer " + s.token + "\r\n"
	for _, c := range []struct {
		target, connection, upgrade, more string
		named                             bool
	}{
		{"/books/live", "Upgrade", "websocket", authorization, true},
		{"/books/live", "keep-alive, Upgrade, Remote-User", "WebSocket", authorization + "Remote-User: " + spoof + "\r\nremote_scope: " + spoof + "\r\n", true},
		{"/public/live", "upgrade", "websocket", "Remote-User: " + spoof + "\r\n" + authorization, false},
	} {
		s.books.forget()
		got, conn := s.raw(fmt.Sprintf(hello, c.target, c.connection, c.upgrade, c.more))
		seen := s.books.take()
		if got.status != http.StatusSwitchingProtocols || len(seen) != 1 || got.header.Get("Sec-Websocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
			t.Errorf("%v: %d %v %s, the API saw %v", c, got.status, got.header, got.raw, seen)
			continue
		}
		clean(t, seen[0], c.target)
		if c.named {
			s.told(seen[0], s.ada())
		} else {
			s.told(seen[0], map[string]string{forward.User: ""})
		}
		for _, message := range []string{"hello", "and again"} {
			back := make([]byte, len(message))
			if _, err := io.WriteString(conn, message); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadFull(conn, back); err != nil || string(back) != message {
				t.Errorf("%q came back as %q, %v", message, back, err)
			}
		}
		_ = conn.Close()
	}
	for _, more := range []string{"", "Authorization: Bearer nonsense\r\n"} {
		s.books.forget()
		if got, _ := s.raw(fmt.Sprintf(hello, "/books/live", "Upgrade", "websocket", more)); got.status != 401 || len(s.books.take()) > 0 {
			t.Errorf("%q: %d %s", more, got.status, got.raw)
		}
	}
	if s.program == "nginx" {
		seen := s.passes("GET", "/public/own/1", s.token, "", http.Header{forward.User: {spoof}})
		clean(t, seen, "a location with a line of its own")
		s.told(seen, map[string]string{forward.User: ""})
		if seen.header.Get("X-Own-Line") != "1" {
			t.Errorf("%v", seen.header)
		}
	}
}

// No failure of auth-api lets anybody through, or says anything about the token.
func closesWhenAuthAPIFails(t *testing.T, s *site) {
	fresh := func() string {
		token, _ := s.signInFor("books:read")
		return token
	}
	for _, mode := range []string{"500", "502", "503", "504", "429", "301", "599", closes, silent} {
		s.front.fail(mode)
		// A token that no proxy has an answer for.
		token := fresh()
		s.books.forget()
		got := s.via("GET", "/books/1", token, "", nil)
		want := 503
		if s.passesOnFailures {
			want = got.status
		}
		if got.status != want || got.status < 300 || got.status == 401 || got.status == 403 || len(s.books.take()) > 0 || got.header.Get("Www-Authenticate") != "" {
			t.Errorf("%s: %d %s %v, want %d", mode, got.status, got.raw, got.header, want)
		}
		s.passes("GET", "/public/1", "", "", nil)
	}
	s.front.fail(works)
	devtest.Eventually(t, "it lets through again", func() bool { return s.via("GET", "/books/1", s.token, "", nil).status == 200 })
}
