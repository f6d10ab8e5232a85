package fiberbearer_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify"
	"auth.books.test/verify/bearer"
	"auth.books.test/verify/fiberbearer"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

// doors are both middlewares with the same routes: /any needs a token for the API, /read
// one scope, /edit two.
func doors() map[string]door {
	return map[string]door{"net/http": onNetHTTP, "Fiber": onFiber}
}

type door func(*testing.T, *bearer.Guard) (url string)

func onNetHTTP(t *testing.T, g *bearer.Guard) string {
	mux := http.NewServeMux()
	for path, scopes := range routes() {
		mux.Handle(path, g.Require(scopes...)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			who, found := bearer.FromContext(r.Context())
			w.Header().Set("X-Passed", "yes")
			_ = json.NewEncoder(w).Encode(map[string]any{"email": who.Email, "session": who.Authorization, "found": found})
		})))
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func onFiber(t *testing.T, g *bearer.Guard) string {
	// Most services do not set Immutable, so what outlives the request must be a copy.
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	for path, scopes := range routes() {
		app.All(path, fiberbearer.Require(g, scopes...), func(c *fiber.Ctx) error {
			who, found := bearer.FromContext(c.UserContext())
			c.Set("X-Passed", "yes")
			return c.JSON(map[string]any{"email": who.Email, "session": who.Authorization, "found": found})
		})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- app.Listener(l) }()
	t.Cleanup(func() {
		if err := app.ShutdownWithTimeout(5 * time.Second); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return "http://" + l.Addr().String()
}

func routes() map[string][]string {
	return map[string][]string{"/any": nil, "/read": {"books:read"}, "/edit": {"books:read", "books:write"}}
}

// answer is a response.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func ask(t *testing.T, method, url string, authorization ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["Authorization"] = authorization
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: response.StatusCode, header: response.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &a.body)
	return a
}

// refused checks all parts of a refusal.
func refused(t *testing.T, a answer, status int, code, challenge string) {
	t.Helper()
	if a.status != status || a.body["code"] != code || a.header.Get("WWW-Authenticate") != challenge {
		t.Errorf("%d %s %s; want %d %s %s", a.status, a.raw, a.header.Get("WWW-Authenticate"), status, code, challenge)
	}
	detail, _ := a.body["detail"].(string)
	if a.body["status"] != float64(status) || a.body["title"] != http.StatusText(status) || detail == "" || len(a.body) != 4 {
		t.Errorf("no problem: %s", a.raw)
	}
	if a.header.Get("Content-Type") != bearer.ProblemType || a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Passed") != "" {
		t.Errorf("headers: %v", a.header)
	}
	if (a.header.Get("Retry-After") == "1") != (status == 503) {
		t.Errorf("Retry-After: %q", a.header.Get("Retry-After"))
	}
}

func TestBothDoorsAnswerAsTheStandardSays(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	ada := f.signIn(t, []string{"books", "shop"}, []string{"account", "books:read"})
	editor := f.signIn(t, []string{"books"}, []string{"books:write", "books:read"})
	shopper := f.signIn(t, []string{"shop"}, []string{"shop:buy"})
	// Our scope in a token for another API does not count.
	stranger := f.signIn(t, []string{"shop"}, []string{"books:read"})
	nobody := f.signIn(t, nil, nil)
	revoked := f.signIn(t, []string{"books"}, []string{"books:read"})
	f.revoke(t, revoked)
	expired := f.expired(t)
	garbled := f.garble(t)

	const (
		none         = `Bearer realm="books"`
		invalid      = `Bearer realm="books", error="invalid_token"`
		malformed    = `Bearer realm="books", error="invalid_request"`
		insufficient = `Bearer realm="books", error="insufficient_scope"`
	)
	for door, open := range doors() {
		url := open(t, bearer.New(bearer.Options{Verifier: f.verifier, Audience: "books"}))
		for _, c := range []struct {
			name, path      string
			authorization   []string
			status          int
			code, challenge string
		}{
			{"no header", "/read", nil, 401, "missing_token", none},
			{"an empty header", "/read", []string{""}, 401, "missing_token", none},
			{"another scheme", "/read", []string{"Basic YWRhOnBhc3N3b3Jk"}, 401, "missing_token", none},
			{"the URL only", "/read?access_token=" + ada, nil, 401, "missing_token", none},
			{"the URL and another scheme", "/read?access_token=" + ada, []string{"Basic YWRhOnBhc3N3b3Jk"}, 401, "missing_token", none},

			{"a word", "/read", []string{"Bearer nonsense"}, 401, "invalid_token", invalid},
			{"the scheme only", "/read", []string{"Bearer "}, 401, "invalid_token", invalid},
			{"a token cut short", "/read", []string{"Bearer " + ada[:40]}, 401, "invalid_token", invalid},
			{"a token that was never given out", "/read", []string{"Bearer " + f.mint(t)}, 401, "invalid_token", invalid},
			{"a revoked token", "/read", []string{"Bearer " + revoked}, 401, "invalid_token", invalid},
			{"an expired token", "/read", []string{"Bearer " + expired}, 401, "invalid_token", invalid},

			{"two headers", "/read", []string{"Bearer " + ada, "Bearer " + ada}, 400, "malformed_request", malformed},
			{"two headers of two schemes", "/read", []string{"Basic YWRhOnBhc3N3b3Jk", "Bearer " + ada}, 400, "malformed_request", malformed},
			{"two tokens in a header", "/read", []string{"Bearer " + ada + " " + ada}, 400, "malformed_request", malformed},
			{"two credentials in a header", "/read", []string{"Bearer " + ada + ", Bearer " + ada}, 400, "malformed_request", malformed},
			{"header and URL", "/read?access_token=" + ada, []string{"Bearer " + ada}, 400, "malformed_request", malformed},
			{"header and URL, encoded", "/read?a=1&access%5Ftoken=" + ada, []string{"Bearer " + ada}, 400, "malformed_request", malformed},

			{"another API's token", "/read", []string{"Bearer " + shopper}, 403, "insufficient_scope", insufficient + `, scope="books:read"`},
			{"another API's token, no scope needed", "/any", []string{"Bearer " + shopper}, 403, "insufficient_scope", insufficient},
			{"another API's token with our scope", "/read", []string{"Bearer " + stranger}, 403, "insufficient_scope", insufficient + `, scope="books:read"`},
			{"a token for no API", "/any", []string{"Bearer " + nobody}, 403, "insufficient_scope", insufficient},
			{"one scope of two", "/edit", []string{"Bearer " + ada}, 403, "insufficient_scope", insufficient + `, scope="books:read books:write"`},

			{"a record that cannot be read", "/read", []string{"Bearer " + garbled}, 503, "store_unavailable", ""},
		} {
			t.Run(door+", "+c.name, func(t *testing.T) {
				got := ask(t, "GET", url+c.path, c.authorization...)
				refused(t, got, c.status, c.code, c.challenge)
				for _, secret := range append(c.authorization, ada) {
					if _, secret, _ = strings.Cut(secret, " "); len(secret) > 20 && strings.Contains(got.raw, secret[:20]) {
						t.Errorf("the answer repeats what was sent: %s", got.raw)
					}
				}
			})
		}
		for _, c := range []struct{ name, path, authorization string }{
			{"any token of the API", "/any", "Bearer " + ada},
			{"a scope", "/read", "Bearer " + ada},
			{"both scopes", "/edit", "Bearer " + editor},
			{"the scheme in other letters", "/read", "bEARER " + ada},
			{"more spaces", "/read", "Bearer   " + ada},
			{"a query of its own", "/read?page=2&token=x", "Bearer " + ada},
		} {
			t.Run(door+", passes with "+c.name, func(t *testing.T) {
				got := ask(t, "GET", url+c.path, c.authorization)
				if got.status != 200 || got.body["email"] != "ada@books.test" || got.body["session"] != sessionID || got.body["found"] != true || got.header.Get("WWW-Authenticate") != "" {
					t.Errorf("%d %s %v", got.status, got.raw, got.header)
				}
			})
		}
		t.Run(door+", HEAD has the headers alone", func(t *testing.T) {
			got := ask(t, "HEAD", url+"/read")
			if got.status != 401 || got.header.Get("WWW-Authenticate") != none || got.raw != "" {
				t.Errorf("%d %q %v", got.status, got.raw, got.header)
			}
		})
	}
}

func TestBothDoorsSay503WhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	for door, open := range doors() {
		for name, breakIt := range map[string]func(*devtest.Proxy){"cut": (*devtest.Proxy).Cut, "stalled": (*devtest.Proxy).Stall} {
			t.Run(door+", "+name, func(t *testing.T) {
				t.Parallel()
				proxy := devtest.NewProxy(t, devtest.Redis(t))
				f := newFixture(t, proxy.URL)
				raw := f.signIn(t, []string{"books"}, []string{"books:read"})
				url := open(t, bearer.New(bearer.Options{Verifier: f.verifier, Audience: "books"}))
				if got := ask(t, "GET", url+"/read", "Bearer "+raw); got.status != 200 {
					t.Fatalf("before: %d %s", got.status, got.raw)
				}
				breakIt(proxy)
				refused(t, ask(t, "GET", url+"/read", "Bearer "+raw), 503, "store_unavailable", "")
				// Refusals that need no store stay the same.
				refused(t, ask(t, "GET", url+"/read", "Bearer nonsense"), 401, "invalid_token", `Bearer realm="books", error="invalid_token"`)
				refused(t, ask(t, "GET", url+"/read"), 401, "missing_token", `Bearer realm="books"`)
				proxy.Restore()
				end := time.Now().Add(10 * time.Second)
				for got := (answer{}); got.status != 200; time.Sleep(5 * time.Millisecond) {
					if got = ask(t, "GET", url+"/read", "Bearer "+raw); got.status != 200 && got.status != 503 || time.Now().After(end) {
						t.Fatalf("after: %d %s", got.status, got.raw)
					}
				}
			})
		}
	}
}

// Fiber reuses its buffers for the next request. The principal of a handler must not change.
func TestFiberPrincipalOutlivesItsRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t, devtest.Redis(t))
	guard := bearer.New(bearer.Options{Verifier: f.verifier, Audience: "books"})
	seen := make(chan *verify.Principal, 1)
	app := fiber.New()
	app.Get("/", fiberbearer.Require(guard), func(c *fiber.Ctx) error {
		who, _ := bearer.FromContext(c.UserContext())
		seen <- who
		return nil
	})
	raw := f.signIn(t, []string{"books"}, nil)
	get := func(authorization string) int {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", authorization)
		response, err := app.Test(r)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode
	}
	if status := get("Bearer " + raw); status != 200 {
		t.Fatal(status)
	}
	who := <-seen
	for range 100 {
		get("Bearer " + strings.Repeat("x", len(raw)))
	}
	if who.Email != "ada@books.test" || who.Authorization != sessionID || !who.HasAudience("books") {
		t.Errorf("%+v", who)
	}
}
