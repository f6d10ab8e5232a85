package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

// helloworld asks auth-api with credentials of its own, and has no access to Redis.
func TestVerifiesThroughAuthAPIWithoutRedis(t *testing.T) {
	t.Parallel()
	env := servicetest.AuthAPISettings(t)
	auth := authAPI(t, env)
	b := both{auth: auth, authDB: env["AUTH_DB_URL"], env: env}
	b.register(t)
	b.grant(t)
	out, err := servicetest.Command(t, servicetest.AuthAPI, env, "client", "create", "books")
	made := regexp.MustCompile(`^id     (\S+)\nsecret (\S+)\n$`).FindStringSubmatch(out)
	if err != nil || made == nil {
		t.Fatalf("%v: %s", err, out)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(made[2]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, pkg, settings{
		"HELLOWORLD_ADDR": "127.0.0.1:0", "HELLOWORLD_SHUTDOWN_DELAY": "0s",
		"AUTH_API_URL": auth.url, "AUTH_API_CLIENT_ID": made[1], "AUTH_API_CLIENT_SECRET_FILE": secret,
	})
	if r := p.call("GET", "/readyz", "", nil); r.status != 200 || r.text("auth-api") != "up" {
		t.Errorf("/readyz: %d %s", r.status, r.raw)
	}
	token := b.signIn(t, "")
	if got := p.hello(token); got.status != 200 || got.text("email") != email {
		t.Errorf("%d %s", got.status, got.raw)
	}
	want(t, p.hello(b.signIn(t, "account")), 401, "invalid_token", invalid) // a token for other APIs is unknown to it
	if got := auth.call("DELETE", "/v1/sessions/current", token, nil); got.status != 204 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	want(t, p.hello(token), 401, "invalid_token", invalid)

	token = b.signIn(t, "")
	if out, err := servicetest.Command(t, servicetest.AuthAPI, env, "client", "disable", made[1]); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// The client is disabled, which says nothing about the token.
	devtest.Eventually(t, "it is out", func() bool { return p.hello(token).status != 200 })
	want(t, p.hello(token), 503, "store_unavailable", "")
	if r := p.call("GET", "/readyz", "", nil); r.status != 503 || r.text("auth-api") != "down" {
		t.Errorf("/readyz: %d %s", r.status, r.raw)
	}
}
