package main_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

const (
	email    = "ada@books.test"
	password = "notes on the analytical engine"

	none         = `Bearer realm="books"`
	invalid      = `Bearer realm="books", error="invalid_token"`
	insufficient = `Bearer realm="books", error="insufficient_scope", scope="books:read"`
)

// both are the two services with shared stores.
type both struct {
	auth, hello *program
	authDB      string
	env         servicetest.Settings
}

func startBoth(t *testing.T) both {
	t.Helper()
	env := servicetest.AuthAPISettings(t)
	return both{auth: authAPI(t, env), hello: startAPI(t, env["SESSION_DB_URL"]), authDB: env["AUTH_DB_URL"], env: env}
}

func (b both) register(t *testing.T) {
	t.Helper()
	servicetest.CreateAccount(t, b.env, email, password, false)
}

// grant assigns the role that may read the API books to every account.
func (b both) grant(t *testing.T) {
	t.Helper()
	db, err := pgx.Connect(t.Context(), b.authDB)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	for _, sql := range []string{
		"INSERT INTO apis (id, audience, scopes) VALUES (gen_random_uuid(), 'books', '{books:read}')",
		"INSERT INTO roles (id, api_id, name, scopes) SELECT gen_random_uuid(), id, 'reader', scopes FROM apis",
		"WITH s AS (INSERT INTO subjects (id, kind) SELECT id, 'account' FROM accounts ON CONFLICT DO NOTHING) INSERT INTO role_assignments (subject_id, role_id) SELECT a.id, r.id FROM accounts a, roles r",
	} {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

func (b both) signIn(t *testing.T, scope string) (token string) {
	t.Helper()
	got := b.auth.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password, "scope": scope})
	if got.status != http.StatusCreated {
		t.Fatalf("sign in: %d %s", got.status, got.raw)
	}
	return got.text("access_token")
}

func TestTokenOfAuthAPIOpensHelloworldUntilItIsRevoked(t *testing.T) {
	t.Parallel()
	b := startBoth(t)
	b.register(t)

	before := b.signIn(t, "")
	want(t, b.hello.hello(before), 403, "insufficient_scope", insufficient)
	b.grant(t)
	token, other := b.signIn(t, ""), b.signIn(t, "books:read")
	want(t, b.hello.hello(b.signIn(t, "account")), 403, "insufficient_scope", insufficient)

	got := b.hello.hello(token)
	if got.status != 200 || got.text("email") != email || got.text("message") != "Hello, "+email+"!" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("hello: %d %s %v", got.status, got.raw, got.header)
	}
	if got := b.auth.call("PATCH", "/v1/accounts/me", token, map[string]string{"name": "Ada"}); got.status != 200 {
		t.Fatalf("change the name: %d %s", got.status, got.raw)
	}
	for _, token := range []string{token, other} {
		devtest.Eventually(t, "the new name is known", func() bool { return b.hello.hello(token).text("message") == "Hello, Ada!" })
	}

	if got := b.auth.call("DELETE", "/v1/sessions/current", token, nil); got.status != 204 {
		t.Fatalf("sign out: %d %s", got.status, got.raw)
	}
	denied(t, b, token)
	if got := b.hello.hello(other); got.status != 200 {
		t.Errorf("the other session: %d %s", got.status, got.raw)
	}
	if got := b.auth.call("PUT", "/v1/accounts/me/password", b.signIn(t, ""), map[string]string{"current_password": password, "new_password": "another engine weaves patterns"}); got.status != 204 {
		t.Fatalf("change the password: %d %s", got.status, got.raw)
	}
	denied(t, b, other)
	for _, secret := range []string{token, other, before, email} {
		if strings.Contains(b.hello.log.String(), secret) {
			t.Errorf("the log holds %.8s…", secret)
		}
	}
}

// denied waits at most the staleness bound until the token is refused.
func denied(t *testing.T, b both, token string) {
	t.Helper()
	devtest.Eventually(t, "the token is dead", func() bool { return b.hello.hello(token).status != 200 })
	want(t, b.hello.hello(token), 401, "invalid_token", invalid)
}
