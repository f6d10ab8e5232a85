package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func (a *api) form(body string) answer {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), "POST", a.url+"/oauth/token", strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return a.send(r)
}

func (a *api) scrape() string {
	a.t.Helper()
	r, err := http.Get(a.metrics)
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(b)
}

// metric is the line of a metric without labels.
func (a *api) metric(name string) string {
	a.t.Helper()
	return regexp.MustCompile(`(?m)^` + name + ` .*$`).FindString(a.scrape())
}

func TestPasswordFormSpeaksOAuth(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_PASSWORD_GRANT"] = "true" })
	a.member()
	const good = "grant_type=password&username=ada%40books.test&password=notes+on+the+analytical+engine"
	got := a.form(good)
	if got.status != 200 || got.text("token_type") != "Bearer" || a.me(got.text("access_token")).status != 200 || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", got.status, got.raw)
	}
	for _, c := range []struct{ form, code string }{
		{"", "invalid_request"},
		{"username=a&password=b", "invalid_request"},
		{"grant_type=password&username=a", "invalid_request"},
		{good + "&password=again", "invalid_request"},
		{good + "&grant_type=password", "invalid_request"},
		{"grant_type=token&code=1", "unsupported_grant_type"},
		{good + "x", "invalid_grant"},
		{"grant_type=password&username=nonsense&password=nonsense", "invalid_grant"},
		{good + "&scope=books:burn", "invalid_scope"},
	} {
		if got := a.form(c.form); got.status != 400 || got.text("error") != c.code || got.text("error_description") == "" {
			t.Errorf("%s: %d %s, want %s", c.form, got.status, got.raw, c.code)
		}
	}
	if got := a.call("POST", "/oauth/token", "", map[string]string{"grant_type": "password"}); got.status != 400 || got.text("error") != "invalid_request" {
		t.Errorf("JSON: %d %s", got.status, got.raw)
	}
}

func TestPasswordFormIsOffUnlessSwitchedOn(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.member()
	got := a.form("grant_type=password&username=ada%40books.test&password=notes+on+the+analytical+engine")
	if got.status != 400 || got.text("error") != "unsupported_grant_type" {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if doc := a.call("GET", "/openapi.json", "", nil); strings.Contains(doc.raw, `"tokenUrl"`) {
		t.Error("the document offers it")
	}
}

func TestCORSKnowsItsOrigins(t *testing.T) {
	t.Parallel()
	with := start(t, func(s settings) { s["AUTH_API_CORS_ORIGINS"] = "https://books.test,https://shop.test" })
	without := start(t)
	for _, c := range []struct {
		a               *api
		origin, allowed string
	}{
		{with, "https://books.test", "https://books.test"},
		{with, "https://shop.test", "https://shop.test"},
		{with, "https://evil.test", ""},
		{with, "https://books.test.evil.test", ""},
		{with, "null", ""},
		{without, "https://books.test", ""},
	} {
		for _, method := range []string{"OPTIONS", "GET"} {
			r, _ := http.NewRequestWithContext(t.Context(), method, c.a.url+"/v1/accounts/me", nil)
			r.Header.Set("Origin", c.origin)
			r.Header.Set("Access-Control-Request-Method", "GET")
			got := c.a.send(r)
			if h := got.header.Get("Access-Control-Allow-Origin"); h != c.allowed {
				t.Errorf("%s from %s: allowed %q, want %q", method, c.origin, h, c.allowed)
			}
			if h := got.header.Get("Access-Control-Allow-Credentials"); h != "" {
				t.Errorf("credentials are allowed: %s", h)
			}
		}
	}
}

func TestEveryAnswerHasSecurityHeadersAndAnID(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, path := range []string{"/livez", "/v1/accounts/me", "/nothing", "/docs"} {
		got := a.call("GET", path, "", nil)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		} {
			if h := got.header.Get(name); h != want {
				t.Errorf("%s: %s is %q, want %q", path, name, h, want)
			}
		}
		if !strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'") || strings.Contains(got.header.Get("Content-Security-Policy"), "script-src 'self' 'unsafe-inline'") {
			t.Errorf("%s: policy %q", path, got.header.Get("Content-Security-Policy"))
		}
		if len(got.header.Get("X-Request-Id")) < 16 || got.header.Get("Server") != "" {
			t.Errorf("%s: id %q, server %q", path, got.header.Get("X-Request-Id"), got.header.Get("Server"))
		}
	}
	for given, kept := range map[string]bool{"trace-0123456789": true, "short": false, "with space 1234": false, foreignToken(): false, strings.Repeat("a", 65): false} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", a.url+"/livez", nil)
		r.Header.Set("X-Request-Id", given)
		if got := a.send(r).header.Get("X-Request-Id"); (got == given) != kept {
			t.Errorf("given %q, answered %q", given, got)
		}
	}
}

func TestForwardedAddressCountsOnlyFromTrustedProxies(t *testing.T) {
	t.Parallel()
	type sent struct{ name, header, ip string }
	for trusted, cases := range map[string][]sent{
		"": {{"nobody is trusted", "203.0.113.9", "127.0.0.1"}},
		"127.0.0.0/8": {
			{"the proxy is trusted", "203.0.113.9", "203.0.113.9"},
			{"the client invents hops", "198.51.100.1, 203.0.113.9", "203.0.113.9"},
			{"nonsense", "nonsense", "127.0.0.1"},
			{"a proxy that adds a line of its own, as HAProxy does", "6.6.6.6\n203.0.113.9", "203.0.113.9"},
			{"with a port", "[2001:db8::9]:51234", "2001:db8::9"},
		},
		"127.0.0.0/8,10.0.0.0/8,203.0.113.80/32": {
			{"two proxies of ours", "198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"},
			{"Google's load balancer, which adds its own address", "6.6.6.6,203.0.113.9,203.0.113.80", "203.0.113.9"},
		},
	} {
		t.Run(trusted, func(t *testing.T) {
			t.Parallel()
			a := start(t, func(s settings) {
				if trusted != "" {
					s["AUTH_API_TRUSTED_PROXIES"] = trusted
				}
			})
			a.register(email, password)
			for _, c := range cases {
				r, _ := http.NewRequestWithContext(t.Context(), "POST", a.url+"/v1/sessions", strings.NewReader(`{"email":"`+email+`","password":"`+password+`"}`))
				r.Header.Set("Content-Type", "application/json")
				r.Header["X-Forwarded-For"] = strings.Split(c.header, "\n")
				if got := a.send(r); !strings.Contains(got.raw, `"ip":"`+c.ip+`"`) {
					t.Errorf("%s: %s, want ip %s", c.name, got.raw, c.ip)
				}
			}
		})
	}
}

func TestDocumentDescribesEveryRoute(t *testing.T) {
	t.Parallel()
	a := start(t)
	got := a.call("GET", "/openapi.json", "", nil)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(got.raw), &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Fatalf("%v: %.200s", err, got.raw)
	}
	var found []string
	for path, methods := range doc.Paths {
		for method := range methods {
			found = append(found, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(found)
	want := []string{
		"DELETE /v1/accounts/me", "DELETE /v1/accounts/me/passkeys/{id}", "DELETE /v1/accounts/me/totp", "DELETE /v1/authorizations/{client}", "DELETE /v1/sessions", "DELETE /v1/sessions/current", "DELETE /v1/sessions/{id}", "DELETE /v1/tokens/{id}",
		"GET /livez", "GET /readyz", "GET /v1/accounts/me", "GET /v1/accounts/me/events", "GET /v1/accounts/me/export", "GET /v1/accounts/me/factors", "GET /v1/accounts/me/passkeys", "GET /v1/authorizations", "GET /v1/sessions", "GET /v1/sessions/current", "GET /v1/tokens", "GET /verify", "PATCH /v1/accounts/me",
		"POST /oauth/introspect", "POST /oauth/introspect/batch", "POST /oauth/par", "POST /oauth/revoke", "POST /oauth/token", "POST /v1/accounts", "POST /v1/accounts/me/address", "POST /v1/accounts/me/address/{id}/confirmation", "POST /v1/accounts/me/passkeys", "POST /v1/accounts/me/passkeys/options", "POST /v1/accounts/me/passkeys/required", "POST /v1/accounts/me/recovery-codes", "POST /v1/accounts/me/totp", "POST /v1/accounts/me/totp/confirmation", "POST /v1/accounts/{id}/confirmation", "POST /v1/address-changes/{id}/undo", "POST /v1/password-resets", "POST /v1/password-resets/{id}/confirmation", "POST /v1/sessions", "POST /v1/sessions/passkey", "POST /v1/sessions/passkey/options", "POST /v1/sessions/second-step", "POST /v1/tokens", "PUT /v1/accounts/me/password",
	}
	if !slices.Equal(found, want) {
		t.Errorf("got %q, want %q", found, want)
	}
}

// What clients are generated from, and forms are checked by.
func TestDocumentHasTheLimitsTheServerAndWhatIsOpen(t *testing.T) {
	t.Parallel()
	type schema struct {
		Format                         string
		MinLength, MaxLength, MaxItems int
		Enum                           []string
		Properties                     map[string]schema
	}
	for issuer, server := range map[string]string{"": "/", "https://auth.books.test": "https://auth.books.test"} {
		a := start(t, func(s settings) {
			if issuer != "" {
				s["AUTH_API_ISSUER"] = issuer
			}
		})
		for _, path := range []string{"/openapi.json", "/openapi-3.0.json"} {
			var doc struct {
				Servers []struct{ URL string }
				Paths   map[string]map[string]struct {
					Security    []map[string][]string
					RequestBody struct {
						Content map[string]struct{ Schema schema }
					}
					Responses map[string]json.RawMessage
				}
				Components struct{ Schemas map[string]schema }
			}
			if err := json.Unmarshal([]byte(a.call("GET", path, "", nil).raw), &doc); err != nil {
				t.Fatal(err)
			}
			if len(doc.Servers) != 1 || doc.Servers[0].URL != server {
				t.Errorf("%s: servers %v, want %s", path, doc.Servers, server)
			}
			for name, want := range map[string]schema{
				"JoinInputBody.password": {Format: "password", MinLength: 15, MaxLength: 256}, "CodeRequestInputBody.email": {Format: "email", MaxLength: 254},
				"ChangePasswordInputBody.new_password": {Format: "password", MinLength: 15, MaxLength: 256}, "ChangeMeInputBody.name": {MaxLength: 64},
			} {
				of, property, _ := strings.Cut(name, ".")
				got := doc.Components.Schemas[of].Properties[property]
				if got.Format != want.Format || got.MinLength != want.MinLength || got.MaxLength != want.MaxLength {
					t.Errorf("%s: %s is %+v, want %+v", path, name, got, want)
				}
			}
			batch := doc.Paths["/oauth/introspect/batch"]["post"].RequestBody.Content["application/json"].Schema
			if batch.Properties["tokens"].MaxItems != 100 {
				t.Errorf("%s: the batch is %+v", path, batch)
			}
			if codes := doc.Components.Schemas["Problem"].Properties["code"].Enum; len(codes) < 20 || !slices.Contains(codes, "invalid_token") || slices.Contains(codes, "email_not_verified") {
				t.Errorf("%s: codes %q", path, codes)
			}
			for route, methods := range doc.Paths {
				for method, operation := range methods {
					isOpen := operation.Security != nil && len(operation.Security) == 0
					if want := slices.Contains([]string{"post /v1/accounts", "post /v1/accounts/{id}/confirmation", "post /v1/address-changes/{id}/undo", "post /v1/sessions", "post /v1/sessions/second-step", "post /v1/sessions/passkey", "post /v1/sessions/passkey/options", "post /v1/password-resets", "post /v1/password-resets/{id}/confirmation", "get /livez", "get /readyz", "get /.well-known/oauth-authorization-server"}, method+" "+route); operation.Security == nil || isOpen != want {
						t.Errorf("%s: %s %s has security %v", path, method, route, operation.Security)
					}
					if operation.Responses["default"] != nil || operation.Responses["500"] == nil {
						t.Errorf("%s: %s %s names no statuses", path, method, route)
					}
				}
			}
		}
	}
}

func TestMetadataNamesTheIssuerThatIsSet(t *testing.T) {
	t.Parallel()
	const path = "/.well-known/oauth-authorization-server"
	a := start(t)
	a.want(a.call("GET", path, "", nil), 404, "route_not_found")
	for form, grants := range map[string][]any{
		"true": {"authorization_code", "refresh_token", "client_credentials", "password"}, "false": {"authorization_code", "refresh_token", "client_credentials"},
	} {
		a = start(t, func(s settings) { s["AUTH_API_ISSUER"], s["AUTH_API_PASSWORD_GRANT"] = "https://auth.books.test", form })
		got := a.call("GET", path, "", nil)
		for name, want := range map[string]any{
			"issuer": "https://auth.books.test", "authorization_endpoint": "https://auth.books.test/oauth/authorize", "token_endpoint": "https://auth.books.test/oauth/token",
			"introspection_endpoint": "https://auth.books.test/oauth/introspect", "revocation_endpoint": "https://auth.books.test/oauth/revoke", "pushed_authorization_request_endpoint": "https://auth.books.test/oauth/par",
			"grant_types_supported": grants, "response_types_supported": []any{"code"}, "code_challenge_methods_supported": []any{"S256"}, "service_documentation": "https://auth.books.test/docs",
			"authorization_response_iss_parameter_supported": true, "request_parameter_supported": false, "request_uri_parameter_supported": false,
			// Without a key for ID tokens there is no OpenID Connect.
			"jwks_uri": nil, "userinfo_endpoint": nil, "id_token_signing_alg_values_supported": nil,
		} {
			if !reflect.DeepEqual(got.body[name], want) {
				t.Errorf("with the password form %s: %s is %v, want %v", form, name, got.body[name], want)
			}
		}
	}
	token, _ := a.library()
	if got := a.introspect(token, a.client("books")); got.text("iss") != "https://auth.books.test" {
		t.Errorf("introspection: %s", got.raw)
	}
	if doc := a.call("GET", "/openapi.json", "", nil); !strings.Contains(doc.raw, path) {
		t.Error("the document does not know it")
	}
}

func TestMetricsHaveClosedLabelSets(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.member()
	series := func() int { return strings.Count(a.scrape(), "auth_http_request_seconds_count{") }
	a.call("GET", "/nothing", token, nil)
	a.call("DELETE", "/nothing", token, nil)
	a.call("DELETE", "/v1/sessions/none", token, nil)
	a.call("DELETE", "/v1/sessions/none?c=d", token, nil)
	r, _ := http.NewRequestWithContext(t.Context(), "BREW", a.url+"/v1/sessions", nil)
	a.send(r)
	before := series()
	for _, path := range []string{"/a", "/b?c=d", "/v1/e", "/../f"} {
		a.call("GET", path, token, nil)
		a.call("DELETE", "/v1/sessions"+path, token, nil)
	}
	r, _ = http.NewRequestWithContext(t.Context(), "STEEP", a.url+"/v1/sessions", nil)
	a.send(r)
	if after := series(); after != before {
		t.Errorf("%d series, before %d:\n%s", after, before, strings.Join(regexp.MustCompile(`(?m)^auth_.*$`).FindAllString(a.scrape(), -1), "\n"))
	}
	for _, line := range []string{`auth_sign_ins_total{result="ok"} 1`, `auth_verifications_total{result="ok"}`, `route="/v1/sessions/:id"`} {
		if !strings.Contains(a.scrape(), line) {
			t.Errorf("no %s", line)
		}
	}
}
