package main_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/servicetest"
)

// show runs `token show` with nothing but the settings of Redis.
func (a *api) show(input string, args ...string) (out string, err error) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, servicetest.Build(a.t, servicetest.AuthAPI), append([]string{"token", "show"}, args...)...)
	env := settings{"SESSION_DB_URL": a.env["SESSION_DB_URL"], "SESSION_DB_TOKEN_KEY": a.env["SESSION_DB_TOKEN_KEY"]}
	cmd.Env, cmd.Stdin = env.List(), strings.NewReader(input)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

func TestTokenShowPrintsWhatRedisHolds(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.member()
	a.want(a.call("PATCH", "/v1/accounts/me", token, map[string]string{"name": "Ada \u202e"}), 200, "")
	out, err := a.show(token + "\n")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, line := range []string{"kind account", "email " + email, `name "Ada \u202e"`, "scopes account", "authenticated by pwd", "key session:"} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
	if strings.Contains(out, token) {
		t.Error("it repeats the token")
	}
	key := strings.Fields(out)[1]
	if byKey, err := a.show("", key); err != nil || byKey != out {
		t.Errorf("by its key: %v, %s", err, byKey)
	}

	if err := a.redis().Set(t.Context(), key, "damaged", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	a.refusesToShow(token, "damaged")
	if err := a.redis().Del(t.Context(), key).Err(); err != nil {
		t.Fatal(err)
	}
	a.refusesToShow(token, "there is no record "+key)
	a.refusesToShow(token[:len(token)-1]+"_", "no token of ours")
	a.refusesToShow("", "no token of ours")
	if out, err := a.show("", token); err == nil || !strings.Contains(out, "no key of a token's record") || strings.Contains(out, token) {
		t.Errorf("a token as argument: %v, %s", err, out)
	}
}

func (a *api) refusesToShow(token, says string) {
	a.t.Helper()
	if out, err := a.show(token); err == nil || !strings.Contains(out, says) {
		a.t.Errorf("%v, %s; want %q", err, out, says)
	}
}

func TestClientListNeedsPostgresAlone(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, args := range [][]string{{"api", "create", "books", "--scope", "books:read"}, {"client", "create", "books", "--name", "gateway"}} {
		if out, err := a.run(args...); err != nil {
			t.Fatalf("%v: %v, %s", args, err, out)
		}
	}
	out, err := runWith(t, settings{"AUTH_DB_URL": a.env["AUTH_DB_URL"]}, "client", "list")
	if err != nil || !strings.Contains(out, "gateway") {
		t.Errorf("%v, %s", err, out)
	}
}
