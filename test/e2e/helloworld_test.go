//go:build e2e

package e2e_test

import (
	"context"
	"strings"
	"testing"
	"time"
)

// hello asks helloworld by its name in the cluster, from a pod of another namespace.
func hello(t *testing.T, token string) string {
	t.Helper()
	const script = `exec 3<>/dev/tcp/helloworld.auth.svc.cluster.local/80; printf 'GET /hello HTTP/1.0\r\nAuthorization: Bearer TOKEN\r\n\r\n' >&3; cat <&3`
	return asPod(t, "default", nil, strings.ReplaceAll(script, "TOKEN", token))
}

// The whole of it: a token of one service opens another, which asks Redis itself
// as a user who may only read, until the token is revoked.
func TestTokenOpensHelloworldUntilItIsRevoked(t *testing.T) {
	ready(t)
	email, stranger := member(t)
	if out := hello(t, stranger); !strings.Contains(out, "403 Forbidden") || !strings.Contains(out, `error="insufficient_scope", scope="books:read"`) {
		t.Errorf("without a grant: %s", out)
	}
	grant(t, email)
	a := want(t, 201, "POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	token, _ := a.body["access_token"].(string)
	if out := hello(t, token); !strings.Contains(out, "200 OK") || !strings.Contains(out, "Hello, "+email) {
		t.Errorf("with a live token: %s", out)
	}
	want(t, 204, "DELETE", "/v1/sessions/current", token, nil)
	if out := hello(t, token); !strings.Contains(out, "401 Unauthorized") || !strings.Contains(out, `error="invalid_token"`) {
		t.Errorf("with a revoked token: %s", out)
	}
}

// grant lets an account read at the API books, which is helloworld's.
func grant(t *testing.T, email string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := authDB(ctx, t)
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{"INSERT INTO apis (id, audience, scopes) VALUES (gen_random_uuid(), 'books', '{books:read}') ON CONFLICT DO NOTHING", nil},
		{"INSERT INTO roles (id, api_id, name, scopes) SELECT gen_random_uuid(), id, 'reader', '{books:read}'::text[] FROM apis WHERE audience = 'books' ON CONFLICT DO NOTHING", nil},
		{`INSERT INTO subjects (id, kind) SELECT id, 'account' FROM accounts WHERE email = $1 ON CONFLICT DO NOTHING`, []any{email}},
		{`INSERT INTO role_assignments (subject_id, role_id) SELECT a.id, r.id FROM accounts a, roles r JOIN apis ON apis.id = r.api_id
			WHERE a.email = $1 AND apis.audience = 'books' AND r.name = 'reader' ON CONFLICT DO NOTHING`, []any{email}},
	} {
		if _, err := c.Exec(ctx, step.sql, step.args...); err != nil {
			t.Fatal(err)
		}
	}
}
