package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

// wire sends a request as it is written here, which Go's client would change.
func (a *api) wire(method, request string) answer {
	a.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		a.t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		a.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		a.t.Fatalf("%q: %v", request, err)
	}
	defer response.Body.Close()
	// Of a path that is spelt in another way, the document says nothing.
	target, _, _ := strings.Cut(strings.Fields(request)[1], "?")
	if asked, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request))); err == nil && target == path.Clean(asked.URL.Path) && !strings.Contains(target, "#") {
		asked.URL.Scheme, asked.URL.Host = "http", strings.TrimPrefix(a.url, "http://")
		if err := a.contract.Hold(asked, response); err != nil {
			a.t.Error(err)
		}
	}
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return answer{status: response.StatusCode, header: response.Header, raw: string(raw)}
}

// Rules by path, such as those of a gateway, hold for one spelling. So there is
// one.
func TestAPathHasOneSpelling(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_PASSWORD_GRANT"] = "true" })
	token, session := a.library()
	routes := map[string]struct{ method, body string }{
		"/v1/accounts/me": {"GET", ""}, "/v1/sessions": {"GET", ""}, "/v1/sessions/current": {"GET", ""}, "/verify": {"GET", ""}, "/livez": {"GET", ""}, "/readyz": {"GET", ""},
		"/docs": {"GET", ""}, "/docs/swagger-ui.css": {"GET", ""}, "/openapi.json": {"GET", ""}, "/openapi.yaml": {"GET", ""}, "/openapi-3.0.json": {"GET", ""},
		"/oauth/token": {"POST", "grant_type=password&username=ada%40books.test&password=notes+on+the+analytical+engine"}, "/oauth/revoke": {"POST", "token=nonsense"},
	}
	for path, route := range routes {
		query, last := "", path[strings.LastIndexByte(path, '/')+1:]
		if path == "/verify" {
			query = "?api=books"
		}
		ask := func(version, target string) answer {
			head := fmt.Sprintf("%s %s%s HTTP/%s\r\nConnection: close\r\nAuthorization: Bearer %s\r\n", route.method, target, query, version, token)
			if route.body != "" {
				head = strings.Replace(head, "Authorization", "X-Authorization", 1) + fmt.Sprintf("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", len(route.body))
			}
			if version == "1.1" {
				head += "Host: auth.books.test\r\n"
			}
			return a.wire(route.method, head+"\r\n"+route.body)
		}
		for _, target := range []string{path, "http://auth.books.test" + path, "HTTP://auth.books.test:80" + path} {
			if got := ask("1.1", target); got.status != 200 && got.status != 204 {
				t.Errorf("%s %s: %d %s", route.method, target, got.status, got.raw)
			}
		}
		for _, target := range []string{
			strings.ToUpper(path), "/" + strings.ToUpper(last[:1]) + last[1:] + "/", path + "/", path + "//", "/" + path, "//auth.books.test" + path, "///auth.books.test" + path, "/." + path, "/x/.." + path, path + "/.", path + "/x/..",
			strings.Replace(path, last, fmt.Sprintf("%%%02x", last[0])+last[1:], 1), strings.Replace(path, "/", "%2f", 1), path + "%2f", path + "%00", path + "%20", path + ";a=b", path + "#", path + "#a", path + "%23", path + "%3F",
			`\` + path, strings.Replace(path, "/", `\`, 1), path + `\`, path + ",", "http://auth.books.test/" + path, "ftp://auth.books.test" + path, "://auth.books.test" + path, path[1:],
		} {
			for _, version := range []string{"1.1", "1.0"} {
				if got := ask(version, target); got.status != 404 && got.status != 400 {
					t.Errorf("HTTP/%s %s %s: %d %.300s", version, route.method, target, got.status, got.raw)
				}
			}
		}
	}
	for _, id := range []string{strings.ReplaceAll(session, "-", ""), "{" + session + "}", "urn:uuid:" + session, session + "/", "%30" + session[1:], "x"} {
		if got := a.wire("DELETE", fmt.Sprintf("DELETE /v1/sessions/%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n", id, token)); got.status != 404 {
			t.Errorf("session %s: %d %s", id, got.status, got.raw)
		}
	}
	for _, host := range []string{"%zz", "[::1", "a b", "a:b:c", "", "user@a", "a?b"} {
		got := a.wire("DELETE", fmt.Sprintf("DELETE http://%s/v1/sessions?al=true HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n", host, token))
		if got.status < 400 || got.status > 499 {
			t.Errorf("host %s: %d %s", host, got.status, got.raw)
		}
	}
	a.want(a.me(token), 200, "")
	for _, path := range []string{"/docs/nope", "/docs/", "/docs/index.html", "/docs/../livez", "/docs/swagger-ui.css.gz", "/schemas/Problem.json", "/metrics"} {
		a.want(a.call("GET", path, "", nil), 404, "route_not_found")
	}
}

// RFC 9110, section 9.1: what answers GET answers HEAD, with the same headers.
func TestHeadIsAnsweredWhereverGetIs(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_ISSUER"] = "https://auth.books.test" })
	token, _ := a.library()
	for _, path := range []string{
		"/v1/accounts/me", "/v1/sessions", "/v1/sessions/current", "/openapi.json", "/openapi.yaml", "/openapi-3.0.json", "/openapi-3.0.yaml", "/docs", "/docs/swagger-ui.css", "/livez", "/readyz",
		"/.well-known/oauth-authorization-server", "/verify?api=books", "/verify?api=none", "/nothing", "/v1/accounts", "/oauth/token",
	} {
		for _, given := range []string{token, ""} {
			header := map[string]string{"Accept-Encoding": "gzip"}
			if given != "" {
				header["Authorization"] = "Bearer " + given
			}
			get, head := a.with("GET", path, "", header), a.with("HEAD", path, "", header)
			for _, h := range []http.Header{get.header, head.header} {
				for _, changing := range []string{"Date", "X-Request-Id", "Allow", "Accept-Ranges"} {
					h.Del(changing)
				}
			}
			if head.status != get.status || head.raw != "" || fmt.Sprint(head.header) != fmt.Sprint(get.header) {
				t.Errorf("%s: HEAD %d %q %v\nGET %d %v", path, head.status, head.raw, head.header, get.status, get.header)
			}
		}
	}
}

func TestOptionsAndAllowNameTheMethodsOfAPath(t *testing.T) {
	t.Parallel()
	a := start(t)
	for path, want := range map[string]string{
		"/v1/accounts": "OPTIONS POST", "/v1/accounts/me": "DELETE GET HEAD OPTIONS PATCH", "/v1/accounts/me/password": "OPTIONS PUT", "/v1/sessions": "DELETE GET HEAD OPTIONS POST",
		"/v1/sessions/current": "DELETE GET HEAD OPTIONS", "/oauth/token": "OPTIONS POST", "/livez": "GET HEAD OPTIONS", "/docs": "GET HEAD OPTIONS", "/openapi.json": "GET HEAD OPTIONS",
	} {
		for method, status := range map[string]int{"OPTIONS": 204, "TRY": 405} {
			if method == "TRY" {
				for _, method = range []string{"POST", "PUT", "PATCH"} {
					if !strings.Contains(want, method) {
						break
					}
				}
			}
			got := a.call(method, path, "", nil)
			allowed := strings.Split(got.header.Get("Allow"), ", ")
			slices.Sort(allowed)
			if got.status != status || strings.Join(allowed, " ") != want {
				t.Errorf("%s %s: %d, Allow %q, want %s", method, path, got.status, allowed, want)
			}
		}
	}
	a.want(a.call("OPTIONS", "/nothing", "", nil), 404, "route_not_found")
	a.want(a.call("OPTIONS", "/verify", "", nil), 405, "method_not_allowed")
	if got := a.wire("OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); got.status != 204 || got.header.Get("Allow") == "" {
		t.Errorf("of the server: %d %v", got.status, got.header)
	}
}
