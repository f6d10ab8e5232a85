package main_test

import (
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

func TestClientsLiveFromCreateToDisable(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.library()
	first := a.client("books")
	other := a.client("books")
	// Another process makes the changes: this one hears of them in a moment.
	want := func(what string, admitted map[credentials]bool) {
		t.Helper()
		devtest.Eventually(t, what, func() bool {
			for c, in := range admitted {
				got := a.introspect(token, c)
				if got.status != 200 && got.status != 401 {
					t.Fatalf("%d %s", got.status, got.raw)
				}
				if (got.status == 200) != in {
					return false
				}
			}
			return true
		})
	}
	second := a.printed("client", "rotate", first.id)
	if second.id != first.id || second.secret == first.secret {
		t.Errorf("rotated %s to %s", first.id, second.id)
	}
	want("both secrets are good after a rotation", map[credentials]bool{first: true, second: true})
	if out, err := a.run("client", "rotate", first.id); err == nil || !strings.Contains(out, "--drop-old") {
		t.Errorf("a third secret: %v, %s", err, out)
	}
	a.must("client", "rotate", first.id, "--drop-old")
	want("the old secret has ended", map[credentials]bool{first: false, second: true})
	a.must("client", "rotate", first.id, "--drop-old") // once more is no error
	third := a.printed("client", "rotate", first.id)
	want("both secrets are good after the next rotation", map[credentials]bool{first: false, second: true, third: true})
	a.must("client", "disable", first.id)
	a.must("client", "disable", first.id)
	want("this client alone has ended", map[credentials]bool{first: false, second: false, third: false, other: true})
	if out, err := a.run("client", "rotate", first.id); err == nil || !strings.Contains(out, "client_not_found") {
		t.Errorf("rotated a disabled client: %v, %s", err, out)
	}
	list := a.must("client", "list")
	if strings.Count(list, "\n") != 3 || !strings.Contains(list, first.id+"  books  tests  2        ") || strings.Count(list, "disabled 2") != 1 || strings.Contains(list, "bcs_") {
		t.Errorf("the list:\n%s", list)
	}
}

func TestCommandsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	a.must("account", "verify", email)
	const unknown = "01a20cde-6bd3-7531-8ac9-b1636fb1cb55"
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"api", "create", "books", "--scope", "books:read"}, "already_exists"},
		{[]string{"api", "create", "lib", "--scope", "books:read"}, "Another API offers"},
		{[]string{"api", "create", "lib", "--scope", "account"}, "auth-api's own"},
		{[]string{"api", "create", "lib", "--scope", "two words"}, "scope: Use at most 64"},
		{[]string{"api", "create", "lib"}, `required flag(s) "scope"`},
		{[]string{"api", "create", "Two words", "--scope", "lib:read"}, "audience: Use 1 to 64"},
		{[]string{"api", "create", "*", "--scope", "lib:read"}, "audience: Use 1 to 64"},
		{[]string{"api", "set", "lib", "--scope", "lib:read"}, "api_not_found"},
		{[]string{"api", "set", "shop", "--scope", "books:read"}, "Another API offers"},
		{[]string{"role", "create", "books", "editor", "--scope", "books:read"}, "already_exists"},
		{[]string{"role", "create", "books", "buyer", "--scope", "shop:buy"}, "only scopes that its API offers"},
		{[]string{"role", "create", "lib", "reader", "--scope", "lib:read"}, "api_not_found"},
		{[]string{"role", "set", "books", "reader", "--scope", "books:read"}, "role_not_found"},
		{[]string{"role", "grant", "nobody@books.test", "books", "editor"}, "account_not_found"},
		{[]string{"role", "grant", email, "lib", "editor"}, "api_not_found"},
		{[]string{"role", "grant", email, "books", "reader"}, "role_not_found"},
		{[]string{"role", "revoke", email, "books", "reader"}, "role_not_found"},
		{[]string{"client", "create", "lib"}, "api_not_found"},
		{[]string{"client", "create", "books", "--name", strings.Repeat("a", 65)}, "name: Use at most 64"},
		{[]string{"client", "disable", unknown}, "client_not_found"},
		{[]string{"client", "rotate", unknown}, "client_not_found"},
		{[]string{"client", "rotate", unknown, "--drop-old"}, "client_not_found"},
		{[]string{"client", "disable", "bcs_" + marker}, "a client's id is a UUID"},
	} {
		out, err := a.run(c.args...)
		if err == nil || !strings.Contains(out, c.says) || strings.Count(strings.TrimSpace(out), "\n") > 0 || strings.Contains(out, marker) {
			t.Errorf("%q: %v, %s; want %q", c.args, err, out, c.says)
		}
	}
	for _, again := range [][]string{{"role", "grant", email, "books", "editor"}, {"role", "revoke", email, "books", "editor"}, {"role", "revoke", email, "books", "editor"}} {
		a.must(again...)
	}
}

func TestClientsComeBackAfterRedisLostThem(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.library()
	books, ended := a.client("books"), a.client("books")
	a.must("client", "disable", ended.id)
	redis := a.redis()
	if n := redis.Del(t.Context(), "client:"+books.id).Val(); n != 1 {
		t.Fatalf("%d records of the client", n)
	}
	// What an old copy of Redis would bring back.
	if err := redis.HSet(t.Context(), "client:"+ended.id, "aud", "books", "scope", "books:read", "secret.0", strings.Repeat("A", 43)).Err(); err != nil {
		t.Fatal(err)
	}
	devtest.Eventually(t, "both records are as Postgres has them", func() bool {
		return redis.Exists(t.Context(), "client:"+books.id).Val() == 1 && redis.Exists(t.Context(), "client:"+ended.id).Val() == 0
	})
	if got := a.introspect(token, books); got.status != 200 {
		t.Errorf("%d %s", got.status, got.raw)
	}
}

func TestCommandsWhileRedisIsAwayAreCarriedThrough(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.library()
	ended := a.client("books")
	away := settings{}
	for name, value := range a.env {
		away[name] = value
	}
	redis := devtest.NewProxy(t, a.env["SESSION_DB_URL"])
	away["SESSION_DB_URL"] = redis.URL
	redis.Cut()
	out, err := runWith(t, away, "client", "disable", ended.id)
	if err == nil || !strings.Contains(out, "The change is recorded") {
		t.Errorf("disabled without Redis: %v, %s", err, out)
	}
	// The secret is told although the answer is no success.
	out, err = runWith(t, away, "client", "create", "books")
	found := printed.FindStringSubmatch(out)
	if err == nil || found == nil {
		t.Fatalf("created without Redis: %v, %s", err, out)
	}
	out, err = runWith(t, away, "role", "revoke", email, "shop", "editor")
	if err == nil || !strings.Contains(out, "The change is recorded") {
		t.Errorf("revoked without Redis: %v, %s", err, out)
	}
	devtest.Eventually(t, "the disabled client is out", func() bool { return a.introspect(token, ended).status == 401 })
	devtest.Eventually(t, "the new client is in", func() bool { return a.introspect(token, credentials{found[1], found[2]}).status == 200 })
	devtest.Eventually(t, "the role is gone from the token", func() bool { return !strings.Contains(a.me(token).raw, "shop") })
}
