package main_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/credential"
	"auth.books.test/internal/devstack/devtest"
)

func TestRedisDownIs503AndComesBack(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(*devtest.Proxy){"cut": (*devtest.Proxy).Cut, "stalled": (*devtest.Proxy).Stall} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := devtest.NewProxy(t, devtest.Redis(t))
			p := startAPI(t, proxy.URL)
			token := putToken(t, proxy.URL)
			if got := p.hello(token); got.status != 200 {
				t.Fatalf("before: %d %s", got.status, got.raw)
			}
			breakIt(proxy)
			devtest.Eventually(t, "the bound is over", func() bool { return p.hello(token).status != 200 })
			got := p.hello(token)
			want(t, got, 503, "store_unavailable", "")
			if got.header.Get("Retry-After") != "1" {
				t.Errorf("headers: %v", got.header)
			}
			if r := p.call("GET", "/readyz", "", nil); r.status != 503 || r.text("session-db") != "down" {
				t.Errorf("/readyz: %d %s", r.status, r.raw)
			}
			if r := p.call("GET", "/livez", "", nil); r.status != 200 {
				t.Errorf("/livez: %d", r.status)
			}
			devtest.Eventually(t, "the log says why", func() bool { return strings.Contains(p.log.String(), "the session store cannot be read") })
			if strings.Contains(p.log.String(), token) {
				t.Error("the log holds the token")
			}
			proxy.Restore()
			devtest.Eventually(t, "the token is good again", func() bool {
				got := p.hello(token)
				if got.status == 401 {
					t.Fatalf("a live token was refused as invalid: %s", got.raw)
				}
				return got.status == 200
			})
		})
	}
}

func TestStartsBeforeRedis(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Redis(t))
	proxy.Cut()
	p := startAPI(t, proxy.URL)
	if r := p.call("GET", "/readyz", "", nil); r.status != 503 {
		t.Errorf("/readyz: %d %s", r.status, r.raw)
	}
	proxy.Restore()
	devtest.Eventually(t, "ready", func() bool { return p.call("GET", "/readyz", "", nil).status == 200 })
}

// In a cluster helloworld uses the Redis user verifier, which may only read tokens' records.
func TestWorksAsTheRedisUserVerifier(t *testing.T) {
	t.Parallel()
	server := devtest.RedisProcess(t)
	token := putToken(t, server.URL)
	options, err := redis.ParseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	admin := redis.NewClient(options)
	t.Cleanup(func() { _ = admin.Close() })
	users := sealedUsers(t)
	if err := admin.Do(t.Context(), users.rule...).Err(); err != nil {
		t.Fatal(err)
	}
	host, port, _ := strings.Cut(options.Addr, ":")
	p := startAPI(t, "", func(s settings) {
		delete(s, "SESSION_DB_URL")
		s["SESSION_DB_HOST"], s["SESSION_DB_PORT"], s["SESSION_DB_USER"], s["SESSION_DB_PASSWORD"] = host, port, "verifier", users.password
	})
	if got := p.hello(token); got.status != 200 || got.text("name") != "Ada" {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if r := p.call("GET", "/readyz", "", nil); r.status != 200 {
		t.Errorf("/readyz: %d %s", r.status, r.raw)
	}
}

// verifier is the Redis user that the platform seals for helloworld.
type verifier struct {
	password string
	rule     []any
}

func sealedUsers(t *testing.T) (v verifier) {
	t.Helper()
	secrets, err := credential.Fresh(nil, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets {
		if s.Name == "session-db-verifier" {
			v.password = s.Data["password"]
		}
		for line := range strings.Lines(s.Data["users.acl"]) {
			if fields := strings.Fields(line); fields[1] == "verifier" {
				v.rule = []any{"ACL", "SETUSER"}
				for _, f := range fields[1:] {
					v.rule = append(v.rule, f)
				}
			}
		}
	}
	if v.password == "" || v.rule == nil {
		t.Fatal("no verifier is sealed")
	}
	return v
}
