package main_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/schema/schematest"
)

func (a *api) ready() answer {
	a.t.Helper()
	return a.call("GET", "/readyz", "", nil)
}

func TestRedisDownIs503AndComesBack(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(*devtest.Proxy){"cut": (*devtest.Proxy).Cut, "stalled": (*devtest.Proxy).Stall} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := devtest.NewProxy(t, devtest.Redis(t))
			a := start(t, func(s settings) { s["SESSION_DB_URL"] = proxy.URL })
			token, session := a.member()
			second, _ := a.signIn(email, password)
			breakIt(proxy)
			got := a.me(token)
			a.want(got, 503, "store_unavailable")
			if got.header.Get("Retry-After") != "1" || got.header.Get("WWW-Authenticate") != "" {
				t.Errorf("headers: %v", got.header)
			}
			devtest.Eventually(t, "the log says why", func() bool {
				return strings.Contains(a.log.String(), "the session store cannot be read: read a token's record: ")
			})
			a.want(a.me("nonsense"), 401, "invalid_token")
			a.want(a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password}), 503, "store_unavailable")
			if r := a.ready(); r.status != 503 || !strings.Contains(r.raw, `"session-db":"down"`) || !strings.Contains(r.raw, `"auth-db":"up"`) {
				t.Errorf("/readyz: %d %s", r.status, r.raw)
			}
			if r := a.call("GET", "/livez", "", nil); r.status != 200 {
				t.Errorf("/livez: %d", r.status)
			}
			if out, err := a.run("account", "disable", email); err == nil || !strings.Contains(out, "store_unavailable") {
				t.Errorf("disabling without Redis: %v, %s", err, out)
			}
			proxy.Restore()
			devtest.Eventually(t, "verification works", func() bool { return a.me(token).status != 503 })
			// What was recorded while Redis was away is carried through.
			devtest.Eventually(t, "the disabled account's tokens are dead", func() bool {
				return a.me(token).status == 401 && a.me(second).status == 401
			})
			if r := a.ready(); r.status != 200 {
				t.Errorf("/readyz: %d %s", r.status, r.raw)
			}
			_ = session
		})
	}
}

// On a 401 clients drop their tokens: whoever asks before Redis is filled again is
// told to come again.
func TestRedisThatLosesEverythingSignsNobodyOut(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.member()
	ended, _ := a.signIn(email, password)
	a.want(a.call("DELETE", "/v1/sessions/current", ended, nil), 204, "")
	devtest.Eventually(t, "the first rebuild is done", func() bool { return strings.HasSuffix(a.metric("auth_session_db_rebuilds_total"), " 1") })
	if err := a.redis().FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	// Not from memory, which the flush has emptied.
	devtest.Eventually(t, "Redis is filled again", func() bool {
		got := a.me(token)
		if got.status == 401 {
			t.Fatalf("signed out: %s", got.raw)
		}
		return got.status == 200 && strings.HasSuffix(a.metric("auth_session_db_rebuilds_total"), " 2")
	})
	a.want(a.me(token), 200, "")
	a.want(a.me(ended), 401, "invalid_token")
}

func TestPostgresDownStopsSignInsOnly(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(*devtest.Proxy){"cut": (*devtest.Proxy).Cut, "stalled": (*devtest.Proxy).Stall} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := devtest.NewProxy(t, schematest.Database(t))
			a := start(t, openToAll, func(s settings) { s["AUTH_DB_URL"], s["AUTH_DB_TIMEOUT"] = proxy.URL, "1s" })
			token, _ := a.member()
			devtest.Eventually(t, "ready", func() bool { return a.ready().status == 200 })
			breakIt(proxy)
			a.want(a.me(token), 200, "")
			a.want(a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password}), 503, "store_unavailable")
			a.want(a.call("GET", "/v1/sessions", token, nil), 503, "store_unavailable")
			a.want(a.call("DELETE", "/v1/sessions/current", token, nil), 503, "store_unavailable")
			a.want(a.asksForAccount("grace@books.test"), 503, "store_unavailable")
			if r := a.ready(); r.status != 200 || r.text("status") != "degraded" || !strings.Contains(r.raw, `"auth-db":"down"`) {
				t.Errorf("/readyz: %d %s", r.status, r.raw)
			}
			a.want(a.me(token), 200, "")
			proxy.Restore()
			devtest.Eventually(t, "sign-in works", func() bool {
				return a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password}).status == 201
			})
		})
	}
}

func TestStartsBeforeItsStoresAndItsSchema(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Postgres(t))
	proxy.Cut()
	a := start(t, func(s settings) { s["AUTH_DB_URL"] = proxy.URL })
	if r := a.ready(); r.status != 503 {
		t.Errorf("without Postgres: %d %s", r.status, r.raw)
	}
	proxy.Restore()
	devtest.Eventually(t, "/readyz names what is missing", func() bool {
		r := a.ready()
		return r.status == 503 && strings.Contains(r.text("schema"), "table accounts") && strings.Contains(r.text("schema"), "auth-api schema apply")
	})
	if out, err := a.run("schema", "apply"); err != nil || !strings.Contains(out, "CREATE TABLE") {
		t.Fatalf("schema apply: %v, %s", err, out)
	}
	devtest.Eventually(t, "ready", func() bool { return a.ready().status == 200 })
	if out, err := a.run("schema", "plan"); err != nil || out != "Nothing to do.\n" {
		t.Errorf("schema plan: %v, %s", err, out)
	}
	// As a later version would have made it.
	for _, statement := range []string{"ALTER TABLE accounts ADD COLUMN phone text", "UPDATE schema_state SET objects = objects || '{column accounts.phone}'"} {
		if _, err := a.postgres().Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := a.run("schema", "apply"); err == nil || !strings.Contains(out, "--allow drop_column:accounts.phone") {
		t.Errorf("a destructive change: %v, %s", err, out)
	}
	if out, err := a.run("schema", "apply", "--allow", "drop_column:accounts.phone"); err != nil {
		t.Errorf("an allowed one: %v, %s", err, out)
	}
}

func TestSchemaCommandWaitsForPostgres(t *testing.T) {
	t.Parallel()
	proxy := devtest.NewProxy(t, devtest.Postgres(t))
	proxy.Cut()
	env := settings{"AUTH_DB_URL": proxy.URL}
	if out, err := runWith(t, env, "schema", "apply"); err == nil || !strings.Contains(out, "connect to Postgres") {
		t.Errorf("without waiting: %v, %s", err, out)
	}
	done := make(chan error, 1)
	go func() {
		out, err := runWith(t, env, "schema", "apply", "--wait=30s")
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(1500 * time.Millisecond):
	}
	proxy.Restore()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestCrashedStoresComeBackWithEverything(t *testing.T) {
	t.Parallel()
	r := devtest.RedisProcess(t)
	a := start(t, func(s settings) { s["SESSION_DB_URL"] = r.URL })
	token, _ := a.member()
	r.Kill()
	a.want(a.me(token), 503, "store_unavailable")
	r.Start()
	devtest.Eventually(t, "the token lives again", func() bool { return a.me(token).status == 200 })
}
