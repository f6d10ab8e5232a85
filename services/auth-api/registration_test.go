package main_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/servicetest"
)

// Whoever may not register is mailed nothing and uses up no limit.
func TestClosedRegistrationMakesNoAccount(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(settings){
		"by default":                     func(s settings) { openToAll(s); delete(s, "AUTH_API_REGISTRATION") },
		"where no address can be proved": func(s settings) { openToAll(s); delete(s, "AUTH_API_SMTP_URL") },
	} {
		a := start(t, set)
		for range 3 {
			a.want(a.asksForAccount(email), http.StatusForbidden, "registration_closed")
		}
		a.want(a.asksForAccount("ada"), http.StatusForbidden, "registration_closed")
		if n := a.count("SELECT count(*) FROM mails"); n != 0 {
			t.Errorf("%s: %d mails", name, n)
		}
		for _, key := range a.redis().Keys(t.Context(), "limit:*").Val() {
			t.Errorf("%s: a refused registration left %s", name, key)
		}
		if said := strings.Contains(a.log.String(), "registration is closed, although AUTH_API_REGISTRATION is open"); said != (a.env["AUTH_API_SMTP_URL"] == "") {
			t.Errorf("%s: the log says it: %v", name, said)
		}
	}
}

// The address of whoever has the mail is the one that gets the account, whoever typed it.
func TestAccountIsMadeWithTheCodeOfTheMail(t *testing.T) {
	t.Parallel()
	a, box := withMail(t)
	asked := a.asksForAccount(email)
	a.want(asked, 202, "")
	a.want(a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password}), 401, "invalid_credentials")
	mail := arrives(t, box, registrationSubject, 1)
	code := mailedCode.FindStringSubmatch(mail.Text)
	if code == nil || !slices.Equal(mail.To, []string{email}) || !strings.Contains(mail.Text, a.url+"/register/"+asked.text("id")) {
		t.Fatalf("the mail is %+v", mail)
	}
	confirm := func(asked answer, code, password string) answer {
		return a.call("POST", "/v1/accounts/"+asked.text("id")+"/confirmation", "", map[string]string{"code": code, "password": password})
	}
	a.want(confirm(asked, "BCDF-GHJK", password), 403, "invalid_code")
	a.want(confirm(asked, code[1], "short"), 422, "validation_failed")
	a.want(confirm(asked, code[1], password), 204, "")
	a.want(confirm(asked, code[1], newPassword), 403, "invalid_code")
	token, _ := a.signIn(email, password)
	if me := a.me(token); me.body["email_verified"] != true {
		t.Errorf("it is %s", me.raw)
	}

	// Whoever asks again is told the same, and the owner that there is an account.
	again, unknown := a.asksForAccount("ADA@books.test"), a.asksForAccount("nobody@books.test")
	plain := func(got answer) string { return strings.ReplaceAll(got.raw, got.text("id"), "") }
	if again.status != 202 || unknown.status != 202 || plain(again) != plain(unknown) || plain(again) != plain(asked) {
		t.Errorf("known %d %s, unknown %d %s", again.status, again.raw, unknown.status, unknown.raw)
	}
	for _, h := range []http.Header{again.header, unknown.header} {
		h.Del("X-Request-Id")
		h.Del("Date")
	}
	if fmt.Sprint(again.header) != fmt.Sprint(unknown.header) {
		t.Errorf("headers differ: %v and %v", again.header, unknown.header)
	}
	told := arrives(t, box, "You have an account already", 1)
	if !slices.Equal(told.To, []string{email}) || mailedCode.MatchString(told.Text) || !strings.Contains(told.Text, a.url+"/reset") {
		t.Errorf("the owner is told %+v", told)
	}
	a.signIn(email, password)
}

const registrationSubject = "Your code for a new account"

func TestOperatorMakesAccountsWhereRegistrationIsClosed(t *testing.T) {
	t.Parallel()
	a := start(t, func(s settings) { s["AUTH_API_REGISTRATION"] = "closed" })
	create := func(typed string, args ...string) (string, error) {
		return servicetest.CommandWithInput(t, servicetest.AuthAPI, a.env, typed, append([]string{"account", "create"}, args...)...)
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

// What nobody has proved may be the address of somebody else.
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
