package main_test

import (
	"net/url"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

func (a *api) revoke(token string, as credentials) answer {
	a.t.Helper()
	return a.post("/oauth/revoke", "application/x-www-form-urlencoded", url.Values{"token": {token}, "token_type_hint": {"access_token"}}.Encode(), as)
}

func TestRevocationSpeaksRFC7009(t *testing.T) {
	t.Parallel()
	a := start(t)
	nobody := credentials{}
	token, _ := a.library()
	books, shop := a.client("books"), a.client("shop")
	onlyBooks := a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password, "scope": "books:read"}).text("access_token")
	other, _ := a.signIn(email, password)
	for _, c := range []struct {
		name, token string
		as          credentials
		status      int
		code        string
	}{
		{"nonsense", "nonsense", nobody, 200, ""},
		{"of another key", foreignToken(), nobody, 200, ""},
		{"no token", "", nobody, 400, "invalid_request"},
		{"by a client with another secret", token, credentials{books.id, shop.secret}, 401, "invalid_client"},
		{"for another API than the client's", onlyBooks, shop, 400, "unauthorized_client"},
	} {
		if got := a.revoke(c.token, c.as); got.status != c.status || got.text("error") != c.code {
			t.Errorf("%s: %d %s", c.name, got.status, got.raw)
		}
	}
	for _, alive := range []string{token, onlyBooks, other} {
		a.want(a.me(alive), 200, "")
	}
	for name, c := range map[string]struct {
		token string
		as    credentials
	}{"by who holds it": {token, nobody}, "by a client": {onlyBooks, books}} {
		for _, again := range []string{"", ", again"} {
			if got := a.revoke(c.token, c.as); got.status != 200 {
				t.Errorf("%s%s: %d %s", name, again, got.status, got.raw)
			}
			a.want(a.me(c.token), 401, "invalid_token")
		}
	}
	a.want(a.me(other), 200, "")
	if n := a.count("SELECT count(*) FROM authorizations WHERE revoked_reason = 'token_revoked'"); n != 2 {
		t.Errorf("%d sessions are recorded as ended so", n)
	}
}

func (a *api) count(query string) (n int) {
	a.t.Helper()
	if err := a.postgres().QueryRow(a.t.Context(), query).Scan(&n); err != nil {
		a.t.Fatal(err)
	}
	return n
}

func TestRevocationWithoutAStoreIs503(t *testing.T) {
	t.Parallel()
	var postgres, redis *devtest.Proxy
	a := start(t, func(s settings) {
		postgres, redis = devtest.NewProxy(t, s["AUTH_DB_URL"]), devtest.NewProxy(t, s["SESSION_DB_URL"])
		s["AUTH_DB_URL"], s["SESSION_DB_URL"] = postgres.URL, redis.URL
	})
	token, _ := a.member()
	unavailable := func(without string) {
		t.Helper()
		got := a.revoke(token, credentials{})
		if got.status != 503 || got.text("error") != "temporarily_unavailable" || got.header.Get("Retry-After") == "" {
			t.Errorf("without %s: %d %s", without, got.status, got.raw)
		}
	}
	postgres.Cut()
	unavailable("Postgres")
	a.want(a.me(token), 200, "")
	postgres.Restore()
	redis.Cut()
	unavailable("Redis")
	redis.Restore()
	devtest.Eventually(t, "the token is dead", func() bool { return a.revoke(token, credentials{}).status == 200 && a.me(token).status == 401 })
}
