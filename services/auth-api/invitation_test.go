package main_test

import (
	"regexp"
	"strings"
	"testing"

	"auth.books.test/internal/mailbox"
)

// invited returns the code of the nth invitation, and the path of its page.
func (a *api) invited(box *mailbox.Mailbox, subject string, n int) (code, path string) {
	a.t.Helper()
	mail := arrives(a.t, box, subject, n)
	typed := mailedCode.FindStringSubmatch(mail.Text)
	link := regexp.MustCompile(regexp.QuoteMeta(a.url) + `(/invitation/\S+)`).FindStringSubmatch(mail.Text)
	if typed == nil || link == nil {
		a.t.Fatalf("the mail says %s", mail.Text)
	}
	return typed[1], link[1]
}

func TestInvitedPersonMakesAnAccountWhereRegistrationIsClosed(t *testing.T) {
	t.Parallel()
	a, box := withMail(t, func(s settings) { s["AUTH_API_REGISTRATION"] = "closed" })
	a.must("account", "invite", email)
	code, path := a.invited(box, "Your invitation", 1)
	g := a.guest()
	page := g.get(path)
	g.wantPage("the invitation", page, 200, "Make your account", "one-time-code", "new-password")
	g.wantPage("nothing typed", g.fill(page, path), 422, "Type the code of the mail")
	g.wantPage("a weak password", g.fill(page, path, "code", code, "password", "short"), 422, "password-error")
	made := g.follow(g.fill(page, path, "code", code, "password", password))
	g.wantPage("made", made, 200, "Your account is there", "Sign in")
	token, _ := a.signIn(email, password)
	if me := a.me(token); me.text("email") != email || me.body["email_verified"] != true {
		t.Errorf("it is %s", me.raw)
	}
	g.wantPage("the same code again", g.fill(page, path, "code", code, "password", newPassword), 422, "The code is wrong, too old, or was used")
	if out, err := a.run("account", "invite", strings.ToUpper(email)); err == nil || !strings.Contains(out, "already an account") {
		t.Errorf("invited again: %v %s", err, out)
	}
}

func TestInvitationIsForItsAddressAlone(t *testing.T) {
	t.Parallel()
	a, box := withMail(t)
	a.must("account", "invite", email, "--language", "de-AT")
	code, path := a.invited(box, "Ihre Einladung", 1)
	join := func(code string) answer {
		return a.call("POST", "/v1/accounts/"+strings.TrimPrefix(path, "/invitation/")+"/confirmation", "", map[string]string{"code": code, "password": newPassword})
	}
	// The code does for nothing else, and no other code for it.
	a.want(a.call("POST", "/v1/password-resets/"+strings.TrimPrefix(path, "/invitation/")+"/confirmation", "", map[string]string{"code": code, "new_password": newPassword}), 403, "invalid_code")
	a.want(join("BCDF-GHJK"), 403, "invalid_code")
	// An account that an operator makes meanwhile voids the invitation.
	a.register(email, password)
	a.want(join(code), 403, "invalid_code")
	token, _ := a.signIn(email, password)
	if me := a.me(token); me.body["email_verified"] != false {
		t.Errorf("it is %s", me.raw)
	}
}
