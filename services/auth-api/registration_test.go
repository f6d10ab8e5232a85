package main_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

// Whoever may not register costs no hash and uses up no limit.
func TestClosedRegistrationMakesNoAccount(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { delete(s, "AUTH_API_REGISTRATION") }) // closed is the default
	for range 3 {
		a.want(a.register(email, password), http.StatusForbidden, "registration_closed")
	}
	a.want(a.register(email, "short"), http.StatusForbidden, "registration_closed")
	if n := a.count("SELECT count(*) FROM accounts"); n != 0 {
		t.Errorf("%d accounts", n)
	}
	for _, key := range a.redis().Keys(t.Context(), "limit:*").Val() {
		t.Errorf("a refused registration left %s", key)
	}
}

func TestOperatorMakesAccountsWhereRegistrationIsClosed(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_REGISTRATION"] = "closed" })
	create := func(typed string, args ...string) (string, error) {
		return servicetest.RunWithInput(servicetest.Build(t, servicetest.AuthAPI), a.env, typed, append([]string{"account", "create"}, args...)...)
	}
	out, err := create(password+"\n", email, "--password-stdin")
	if err != nil || strings.Contains(out, password) {
		t.Fatalf("%v: %s", err, out)
	}
	token, _ := a.signIn(email, password)
	if me := a.me(token); me.body["email_verified"] != false || !strings.Contains(out, me.text("id")) {
		t.Errorf("%s, and the command said %s", me.raw, out)
	}

	out, err = create("", "grace@books.test", "--generate", "--verified")
	generated := regexp.MustCompile(`(?m)^password (\S+)$`).FindStringSubmatch(out)
	if err != nil || generated == nil {
		t.Fatalf("%v: %s", err, out)
	}
	token, _ = a.signIn("grace@books.test", generated[1])
	if me := a.me(token); me.body["email_verified"] != true {
		t.Errorf("vouched for: %s", me.raw)
	}

	for name, c := range map[string]struct {
		typed string
		args  []string
		says  string
	}{
		"an address that has an account":   {password, []string{"ADA@books.test", "--password-stdin"}, "already_exists: There is already an account"},
		"no address":                       {password, []string{"ada", "--password-stdin"}, "email: Write an e-mail address"},
		"a short password":                 {"short", []string{"eve@books.test", "--password-stdin"}, "password: "},
		"no password":                      {"", []string{"eve@books.test", "--password-stdin"}, "the password and nothing else"},
		"two lines":                        {password + "\n" + password, []string{"eve@books.test", "--password-stdin"}, "the password and nothing else"},
		"no terminal to ask on":            {password, []string{"eve@books.test"}, "use --password-stdin"},
		"a password that is to be made up": {password, []string{"eve@books.test", "--password-stdin", "--generate"}, "none of the others can be"},
	} {
		if out, err := create(c.typed, c.args...); err == nil || !strings.Contains(out, c.says) || strings.Contains(out, password) {
			t.Errorf("%s: %v, %s; want %q", name, err, out, c.says)
		}
	}
	if n := a.count("SELECT count(*) FROM accounts"); n != 2 {
		t.Errorf("%d accounts", n)
	}
}

// A stranger may have registered the address before its owner did.
func TestRoleIsGivenToAnAddressOnlyIfItIsVerified(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.member()
	id := a.me(token).text("id")
	a.must("api", "create", "books", "--scope", "books:read")
	a.must("role", "create", "books", "reader", "--scope", "books:read")
	out, err := a.run("role", "grant", email, "books", "reader")
	if err == nil || !strings.Contains(out, "email_not_verified") || !strings.Contains(out, id) || !strings.Contains(out, "--unverified-email") {
		t.Fatalf("%v: %s", err, out)
	}
	holders := func(want int) {
		t.Helper()
		if n := a.count("SELECT count(*) FROM role_assignments"); n != want {
			t.Errorf("%d have the role, want %d", n, want)
		}
	}
	holders(0)
	a.must("role", "grant", id, "books", "reader")
	holders(1)
	a.must("role", "revoke", email, "books", "reader")
	holders(0)
	a.must("role", "grant", email, "books", "reader", "--unverified-email")
	holders(1)
	a.must("role", "revoke", id, "books", "reader")
	holders(0)
	a.must("account", "verify", email)
	a.must("role", "grant", email, "books", "reader")
	holders(1)
	if out, err := a.run("role", "grant", "01a20cde-6bd3-7531-8ac9-b1636fb1cb55", "books", "reader"); err == nil || !strings.Contains(out, "account_not_found") {
		t.Errorf("an unknown id: %v, %s", err, out)
	}
}

// Live tokens say that the address is verified as soon as it is, at every door.
func TestVerifiedAddressShowsInLiveTokens(t *testing.T) {
	t.Parallel()
	a := start(t)
	token, _ := a.library()
	books := a.client("books")
	if me, told := a.me(token), a.introspect(token, books); me.body["email_verified"] != false || told.body["email_verified"] != false {
		t.Errorf("before: %s %s", me.raw, told.raw)
	}
	if got := a.ask("GET", "?api=books", token).header.Get("Remote-Emailverified"); got != "false" {
		t.Errorf("before, the header is %q", got)
	}
	a.must("account", "verify", email)
	devtest.Eventually(t, "the live token has a verified address", func() bool {
		return a.me(token).body["email_verified"] == true && a.introspect(token, books).body["email_verified"] == true &&
			a.ask("GET", "?api=books", token).header.Get("Remote-Emailverified") == "true"
	})
}
