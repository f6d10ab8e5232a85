package main_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/token"
)

func TestTokenLivesFromSignInToSignOut(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, session := a.member()

	me := a.me(token)
	if me.status != 200 || me.text("email") != email || me.text("session") != session || me.header.Get("Cache-Control") != "no-store" {
		t.Errorf("who am I: %d %s", me.status, me.raw)
	}
	if got := a.call("GET", "/v1/sessions/current", token, nil); got.status != 200 || got.text("id") != session {
		t.Errorf("current session: %d %s", got.status, got.raw)
	}
	a.want(a.call("DELETE", "/v1/sessions/current", token, nil), 204, "")
	a.want(a.me(token), 401, "invalid_token")
	a.want(a.call("DELETE", "/v1/sessions/current", token, nil), 401, "invalid_token")
}

func TestSignInAnswersAsOAuthSays(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["SESSION_IDLE_LIFETIME"] = "1h" })
	a.member()
	got := a.call("POST", "/v1/sessions", "", map[string]string{"email": "ADA@Books.test", "password": password})
	if got.status != 201 || got.text("token_type") != "Bearer" || got.text("scope") != "account" || !strings.HasPrefix(got.text("access_token"), "bat_t1_") {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if seconds, _ := got.body["expires_in"].(float64); seconds < 3590 || seconds > 3600 {
		t.Errorf("expires_in is %v, want an hour", seconds)
	}
}

func TestListsAndEndsSessions(t *testing.T) {
	t.Parallel()
	a := start(t)
	first, firstID := a.member()
	second, secondID := a.signIn(email, password)
	third, _ := a.signIn(email, password)

	listed := a.call("GET", "/v1/sessions", second, nil)
	sessions, _ := listed.body["sessions"].([]any)
	if len(sessions) != 3 {
		t.Fatalf("listed %s", listed.raw)
	}
	for _, one := range sessions {
		view, _ := one.(map[string]any)
		if view["current"] != (view["id"] == secondID) || view["ip"] != "127.0.0.1" || view["device"] != "Go-http-client/1.1" {
			t.Errorf("listed %v", view)
		}
	}
	a.want(a.call("DELETE", "/v1/sessions/"+firstID, second, nil), 204, "")
	a.want(a.me(first), 401, "invalid_token")
	a.want(a.call("DELETE", "/v1/sessions/"+firstID, second, nil), 404, "session_not_found")
	a.want(a.call("DELETE", "/v1/sessions/nonsense", second, nil), 404, "session_not_found")
	a.want(a.call("DELETE", "/v1/sessions", second, nil), 204, "")
	a.want(a.me(third), 401, "invalid_token")
	a.want(a.me(second), 200, "")
	a.want(a.call("DELETE", "/v1/sessions?all=true", second, nil), 204, "")
	a.want(a.me(second), 401, "invalid_token")
}

func TestChangedPasswordEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	a := start(t)
	mine, _ := a.member()
	other, _ := a.signIn(email, password)
	const next = "another engine weaves patterns"
	change := func(current, next string) answer {
		return a.call("PUT", "/v1/accounts/me/password", mine, map[string]string{"current_password": current, "new_password": next})
	}
	a.want(change("not the password at all", next), 403, "wrong_password")
	a.want(change(password, "short"), 422, "validation_failed")
	a.want(change(password, password), 422, "validation_failed")
	a.want(a.me(other), 200, "")
	a.want(change(password, next), 204, "")
	a.want(a.me(other), 401, "invalid_token")
	a.want(a.me(mine), 200, "")
	a.want(a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password}), 401, "invalid_credentials")
	a.signIn(email, next)
}

func TestChangedNameShowsInEveryToken(t *testing.T) {
	t.Parallel()
	a := start(t)
	mine, _ := a.member()
	other, _ := a.signIn(email, password)
	got := a.call("PATCH", "/v1/accounts/me", mine, map[string]string{"name": " Ada "})
	if got.status != 200 || got.text("name") != "Ada" || a.me(other).text("name") != "Ada" {
		t.Errorf("%d %s, and the other token: %s", got.status, got.raw, a.me(other).raw)
	}
	a.want(a.call("PATCH", "/v1/accounts/me", mine, map[string]string{"name": strings.Repeat("a", 65)}), 422, "validation_failed")
}

func TestDeletedAccountLeavesNothing(t *testing.T) {
	t.Parallel()
	a := start(t)
	mine, _ := a.member()
	other, _ := a.signIn(email, password)
	a.want(a.call("DELETE", "/v1/accounts/me", mine, map[string]string{"password": "not the password at all"}), 403, "wrong_password")
	a.want(a.call("DELETE", "/v1/accounts/me", mine, map[string]string{"password": password}), 204, "")
	a.want(a.me(mine), 401, "invalid_token")
	a.want(a.me(other), 401, "invalid_token")
	a.want(a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password}), 401, "invalid_credentials")
	redis := a.redis()
	left := slices.DeleteFunc(redis.Keys(t.Context(), "*").Val(), func(key string) bool {
		// Limits know the address and the session by a MAC, for minutes.
		counted := strings.HasPrefix(key, "limit:") && redis.PTTL(t.Context(), key).Val() > 0 && redis.PTTL(t.Context(), key).Val() <= 10*time.Minute
		return key == token.RebuiltKey || counted
	})
	if len(left) != 0 {
		t.Errorf("%v left in Redis", left)
	}
}

func TestDisabledAccountIsOutUntilEnabled(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.member()
	if out, err := a.run("account", "disable", "ADA@books.test"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	a.want(a.me(token), 401, "invalid_token")
	signIn := func(password string) answer {
		return a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	}
	a.want(signIn(password), 403, "account_disabled")
	a.want(signIn("not the password at all"), 401, "invalid_credentials")
	if out, err := a.run("account", "enable", email); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	a.signIn(email, password)
	a.want(a.me(token), 401, "invalid_token")
	if out, err := a.run("account", "disable", "nobody@books.test"); err == nil {
		t.Errorf("disabled nobody: %s", out)
	}
}

func TestTokenWithFewerScopesMayNotManageTheAccount(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.member()
	db := a.postgres()
	for _, sql := range []string{
		"INSERT INTO apis (id, audience, scopes) VALUES (gen_random_uuid(), 'books', '{books:read}')",
		"INSERT INTO roles (id, api_id, name, scopes) SELECT gen_random_uuid(), id, 'reader', scopes FROM apis",
		"WITH s AS (INSERT INTO subjects (id, kind) SELECT id, 'account' FROM accounts ON CONFLICT DO NOTHING) INSERT INTO role_assignments (subject_id, role_id) SELECT a.id, r.id FROM accounts a, roles r",
	} {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	signIn := func(scope string) answer {
		return a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password, "scope": scope})
	}
	a.want(signIn("books:burn"), 422, "invalid_scope")
	narrow := signIn("books:read")
	token := narrow.text("access_token")
	a.want(a.me(token), 200, "")
	for _, r := range [][2]string{{"GET", "/v1/sessions"}, {"DELETE", "/v1/sessions"}, {"PATCH", "/v1/accounts/me"}, {"DELETE", "/v1/accounts/me"}, {"PUT", "/v1/accounts/me/password"}} {
		got := a.call(r[0], r[1], token, map[string]string{})
		a.want(got, 403, "insufficient_scope")
		if h := got.header.Get("WWW-Authenticate"); h != `Bearer realm="auth.books.test", error="insufficient_scope", scope="account"` {
			t.Errorf("WWW-Authenticate: %s", h)
		}
	}
	a.want(a.call("DELETE", "/v1/sessions/current", token, nil), 204, "")
}

// The hash of a weaker time is replaced when its owner signs in.
func TestRehashesAtSignInWhenTheCostsRise(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.member()
	hash := func(a *api) (phc string) {
		if err := a.postgres().QueryRow(t.Context(), "SELECT password_hash FROM accounts").Scan(&phc); err != nil {
			t.Fatal(err)
		}
		return phc
	}
	if h := hash(a); !strings.HasPrefix(h, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(h)
	}
	a.env["PASSWORD_TIME"] = "3"
	a.env["PASSWORD_PEPPER"] = "p1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	b := startWith(t, a.env)
	b.signIn(email, password)
	if h := hash(b); !strings.HasPrefix(h, "$argon2id$v=19$m=19456,t=3,p=1,keyid=p1$") {
		t.Errorf("after the sign-in: %s", h)
	}
	b.signIn(email, password)
}

func TestKeysRotateWithoutSigningAnybodyOut(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.member()
	a.env["SESSION_DB_TOKEN_KEY"] = "t2:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=," + tokenKey
	b := startWith(t, a.env)
	b.want(b.me(token), 200, "")
	fresh, _ := b.signIn(email, password)
	if !strings.HasPrefix(fresh, "bat_t2_") {
		t.Errorf("signed by another key than the first: %.7s", fresh)
	}
	// The replica that does not know the new key yet refuses it.
	a.want(a.me(fresh), 401, "invalid_token")
}

func TestRequestsInFlightFinishWhileReadinessFails(t *testing.T) {
	t.Parallel()
	// One slow sign-in: on a busy machine, another would wait for its slot for too long.
	a := start(t, func(s settings) { s["AUTH_API_SHUTDOWN_DELAY"], s["PASSWORD_TIME"] = "1s", "10" })
	a.member()
	done := make(chan answer, 1)
	go func() {
		done <- a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password})
	}()
	devtest.Eventually(t, "a sign-in is in flight", func() bool { return strings.Contains(a.metric("auth_hash_busy"), " 1") })
	began := time.Now()
	go a.stop()
	devtest.Eventually(t, "readiness fails", func() bool {
		r, err := a.http.Get(a.url + "/readyz")
		if err != nil {
			return false
		}
		defer r.Body.Close()
		return r.StatusCode == http.StatusServiceUnavailable
	})
	if got := <-done; got.status != http.StatusCreated {
		t.Errorf("the request in flight: %d %s", got.status, got.raw)
	}
	<-a.ended
	if took := time.Since(began); took < time.Second || !a.cmd.ProcessState.Success() {
		t.Errorf("ended after %v with %v; want at least the delay, and success", took, a.cmd.ProcessState)
	}
}
