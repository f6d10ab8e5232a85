//go:build e2e

package e2e_test

import (
	"context"
	"encoding/base64"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// secret reads what the controller opened.
func secret(t *testing.T, name, key string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(inAuth(t, "get", "secret", name, "-o", "jsonpath={.data."+key+"}"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// authDB connects to Postgres through its node port.
func authDB(ctx context.Context, t *testing.T) *pgx.Conn {
	t.Helper()
	u := url.URL{Scheme: "postgres", User: url.UserPassword(secret(t, "auth-db-credentials", "user"), secret(t, "auth-db-credentials", "password")), Host: node() + ":30001", Path: "/auth"}
	c, err := pgx.Connect(ctx, u.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func TestStoresAnswerAtTheirNodePorts(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := authDB(ctx, t)
	var accounts int
	if err := c.QueryRow(ctx, "SELECT count(*) FROM accounts").Scan(&accounts); err != nil || accounts == 0 {
		t.Errorf("%d accounts, %v", accounts, err)
	}

	_, token := member(t)
	as := func(user, password string) *redis.Client {
		r := redis.NewClient(&redis.Options{Addr: node() + ":30002", Username: user, Password: password, DisableIdentity: true})
		t.Cleanup(func() { _ = r.Close() })
		return r
	}
	verifier := as("verifier", secret(t, "session-db-verifier", "password"))
	keys, _, err := as("auth-api", secret(t, "session-db-credentials", "password")).Scan(ctx, 0, "session:*", 10).Result()
	// Not the mark of a rebuild.
	keys = slices.DeleteFunc(keys, func(key string) bool { return len(key) < len("session:")+43 })
	if err != nil || len(keys) == 0 {
		t.Fatalf("auth-api sees %v, %v", keys, err)
	}
	if record, err := verifier.Get(ctx, keys[0]).Result(); err != nil || record == "" {
		t.Errorf("the verifier reads %d bytes, %v", len(record), err)
	}
	for name, err := range map[string]error{
		"a verifier deletes":         verifier.Del(ctx, keys[0]).Err(),
		"a verifier writes":          verifier.Set(ctx, keys[0], "x", 0).Err(),
		"a verifier reads elsewhere": verifier.Get(ctx, "other").Err(),
		"auth-api flushes":           as("auth-api", secret(t, "session-db-credentials", "password")).FlushAll(ctx).Err(),
		"a verifier lists keys":      verifier.Scan(ctx, 0, "*", 10).Err(),
		"the probe reads":            as("probe", "probe").Get(ctx, keys[0]).Err(),
		"the probe reads the users":  as("probe", "probe").Do(ctx, "ACL", "LOAD").Err(),
		"auth-api runs a script":     as("auth-api", secret(t, "session-db-credentials", "password")).Eval(ctx, "return 1", nil).Err(),
		"nobody gets in":             as("", "").Ping(ctx).Err(),
	} {
		if err == nil || !strings.Contains(err.Error(), "NOPERM") && !strings.Contains(err.Error(), "NOAUTH") {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	want(t, 200, "GET", "/v1/accounts/me", token, nil)
}

// With the programs that people use.
func TestStoresAnswerPsqlAndRedisCLI(t *testing.T) {
	for _, c := range []struct {
		program string
		args    []string
		env     string
		want    string
	}{
		{"psql", []string{"--no-psqlrc", "--tuples-only", "--no-align", "--host", node(), "--port", "30001", "--username", secret(t, "auth-db-credentials", "user"), "--dbname", "auth", "--command", "SELECT 'accounts', count(*) > 0 FROM accounts"},
			"PGPASSWORD=" + secret(t, "auth-db-credentials", "password"), "accounts|t\n"},
		{"redis-cli", []string{"--no-auth-warning", "-h", node(), "-p", "30002", "--user", "verifier", "PING"},
			"REDISCLI_AUTH=" + secret(t, "session-db-verifier", "password"), "PONG\n"},
	} {
		t.Run(c.program, func(t *testing.T) {
			path, err := exec.LookPath(c.program)
			if err != nil {
				t.Skipf("SKIPPED: there is no %s on PATH", c.program)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, path, c.args...)
			cmd.Env = append(os.Environ(), c.env)
			if out, err := cmd.CombinedOutput(); err != nil || string(out) != c.want {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
