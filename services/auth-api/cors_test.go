package main_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

const (
	shop = "https://shop.test"
	evil = "https://evil.test"
)

// from sends a request as a page of the origin.
func (a *api) from(origin, method, path, body string, header map[string]string) answer {
	a.t.Helper()
	with := map[string]string{"Origin": origin}
	for name, value := range header {
		with[name] = value
	}
	return a.with(method, path, body, with)
}

// readable says that a page of the allowed origin can read the answer and the
// headers that it needs, and no other page can.
func (a *api) readable(what string, ask func(origin string) answer, status int) {
	a.t.Helper()
	for origin, allowed := range map[string]string{shop: shop, evil: "", "": ""} {
		got := ask(origin)
		h := got.header
		if got.status != status || h.Get("Access-Control-Allow-Origin") != allowed || h.Get("Access-Control-Allow-Credentials") != "" || !slices.Contains(strings.Split(strings.Join(h.Values("Vary"), ", "), ", "), "Origin") {
			a.t.Errorf("%s from %q: %d %s, want %d; %v", what, origin, got.status, got.raw, status, h)
		}
		exposed := strings.Split(h.Get("Access-Control-Expose-Headers"), ", ")
		for _, name := range []string{"WWW-Authenticate", "Retry-After", "RateLimit", "RateLimit-Policy", "Allow", "X-Request-Id"} {
			if (allowed != "") != slices.Contains(exposed, name) {
				a.t.Errorf("%s from %q: %s is exposed: %v", what, origin, name, exposed)
			}
		}
	}
}

// A page that may call us must be able to read whatever it is answered.
func TestAnAllowedPageCanReadEveryAnswer(t *testing.T) {
	t.Parallel()
	var redis *devtest.Proxy
	a := start(t, openToAll, func(s settings) {
		s["AUTH_API_CORS_ORIGINS"], s["AUTH_API_PASSWORD_GRANT"] = shop, "true"
		redis = devtest.NewProxy(t, s["SESSION_DB_URL"])
		s["SESSION_DB_URL"] = redis.URL
	})
	token, _ := a.library()
	asJSON, form := map[string]string{"Content-Type": "application/json"}, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	bearer := map[string]string{"Authorization": "Bearer " + token}
	for _, c := range []struct {
		method, path, body string
		header             map[string]string
		status             int
	}{
		{"GET", "/v1/accounts/me", "", bearer, 200},
		{"HEAD", "/v1/accounts/me", "", bearer, 200},
		{"GET", "/v1/accounts/me", "", nil, 401},
		{"POST", "/v1/accounts", `{"email":"grace@books.test"}`, asJSON, 202},
		{"POST", "/v1/accounts", `{"email"`, asJSON, 400},
		{"POST", "/v1/accounts", `{"email":"x"}`, asJSON, 422},
		{"POST", "/v1/accounts", `{}`, map[string]string{"Content-Type": "text/plain"}, 415},
		{"POST", "/v1/accounts", `{}`, map[string]string{"Content-Type": "application/json", "Content-Encoding": "br"}, 415},
		{"POST", "/v1/accounts", strings.Repeat("a", 5000), asJSON, 413},
		{"POST", "/v1/accounts", strings.Repeat("a", 9000), asJSON, 413},
		{"PUT", "/v1/accounts", "", nil, 405},
		{"GET", "/nothing", "", nil, 404},
		{"GET", "/V1/sessions", "", nil, 404},
		{"GET", "/docs/nope", "", nil, 404},
		{"GET", "/docs/swagger-ui.css", "", nil, 200},
		{"GET", "/openapi.json", "", nil, 200},
		{"POST", "/oauth/token", "grant_type=password", form, 400},
		{"POST", "/oauth/introspect", "token=a", form, 401},
		{"GET", "/oauth/token", "", nil, 405},
		{"GET", "/verify", "", nil, 400},
		{"GET", "/verify?api=books", "", nil, 401},
		{"GET", "/verify?api=none", "", bearer, 403},
		{"POST", "/verify", "", nil, 405},
		{"OPTIONS", "/v1/accounts", "", nil, 204},
		{"OPTIONS", "/nothing", "", nil, 404},
	} {
		a.readable(c.method+" "+c.path, func(origin string) answer { return a.from(origin, c.method, c.path, c.body, c.header) }, c.status)
	}
	a.readable("a request that is malformed after its Origin", func(origin string) answer {
		return a.wire("POST", "POST /v1/accounts HTTP/1.1\r\nHost: a\r\nOrigin: "+origin+"\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n")
	}, 413)
	redis.Cut()
	devtest.Eventually(t, "the bound is over", func() bool { return a.me(token).status == 503 })
	a.readable("without Redis", func(origin string) answer { return a.from(origin, "GET", "/v1/accounts/me", "", bearer) }, 503)
	a.readable("/verify without Redis", func(origin string) answer { return a.from(origin, "GET", "/verify?api=books", "", bearer) }, 503)
}

// Swagger UI sends X-Requested-With, OpenTelemetry's SDK the others.
func TestPreflightAllowsWhatPagesSend(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_CORS_ORIGINS"] = shop })
	preflight := func(origin, path, method, headers string) answer {
		with := map[string]string{"Access-Control-Request-Method": method}
		if headers != "" {
			with["Access-Control-Request-Headers"] = headers
		}
		return a.from(origin, "OPTIONS", path, "", with)
	}
	for _, headers := range []string{
		"", "authorization,x-requested-with", "authorization, content-type, x-request-id", "traceparent,tracestate,baggage", "accept", "b3,x-b3-traceid", "sentry-trace", "idempotency-key",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			got := preflight(shop, "/oauth/token", method, headers)
			h := got.header
			methods, allowed := h.Get("Access-Control-Allow-Methods"), strings.Split(strings.ToLower(h.Get("Access-Control-Allow-Headers")), ", ")
			if got.status != 204 || got.raw != "" || h.Get("Access-Control-Allow-Origin") != shop || !slices.Contains(strings.Split(methods, ", "), method) || h.Get("Access-Control-Max-Age") != "600" {
				t.Errorf("%s: %d %v", method, got.status, h)
			}
			for name := range strings.SplitSeq(headers, ",") {
				if name = strings.TrimSpace(name); name != "" && !slices.Contains(allowed, name) {
					t.Errorf("%s is not allowed: %v", name, allowed)
				}
			}
			if vary := fmt.Sprint(h.Values("Vary")); !strings.Contains(vary, "Origin") || !strings.Contains(vary, "Access-Control-Request-Headers") {
				t.Errorf("Vary: %s", vary)
			}
		}
	}
	if got := preflight(shop, "/v1/sessions", "POST", "a b, x\"y, (c), ok"); strings.ContainsAny(got.header.Get("Access-Control-Allow-Headers"), `"(`) || !strings.HasSuffix(got.header.Get("Access-Control-Allow-Headers"), ", ok") {
		t.Errorf("what is no name of a header: %v", got.header)
	}
	for _, origin := range []string{evil, "null", "https://shop.test.evil.test", "http://shop.test", "https://shop.test:8443", "https://shop.test/", ""} {
		if got := preflight(origin, "/v1/sessions", "POST", "authorization"); hasCORS(got.header) {
			t.Errorf("from %s: %d %v", origin, got.status, got.header)
		}
	}
	// A proxy may take any 2xx of /verify for a yes.
	a.want(preflight(shop, "/verify?api=books", "GET", "authorization"), 405, "method_not_allowed")
}

func hasCORS(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			return true
		}
	}
	return false
}
