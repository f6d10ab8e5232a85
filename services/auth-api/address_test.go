package main_test

import (
	"regexp"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

const (
	newAddress     = "countess@books.test"
	addressSubject = "Your code for a new address"
	undoSubject    = "The address of your account was changed"
)

func TestChangedAddressIsToldAtEveryDoorAndUndone(t *testing.T) {
	t.Parallel()
	a, box := withMail(t)
	token, _ := a.library()
	a.must("account", "verify", email)
	books := a.client("books")
	ask := func(address string) answer {
		return a.call("POST", "/v1/accounts/me/address", token, map[string]string{"email": address})
	}
	a.register("grace@books.test", password)
	foreign, asked := ask("grace@books.test"), ask(newAddress)
	a.want(foreign, 202, "")
	a.want(asked, 202, "")
	if strings.ReplaceAll(foreign.raw, foreign.text("id"), "") != strings.ReplaceAll(asked.raw, asked.text("id"), "") {
		t.Errorf("somebody's: %s, nobody's: %s", foreign.raw, asked.raw)
	}
	mail := arrives(t, box, addressSubject, 1)
	code := mailedCode.FindStringSubmatch(mail.Text)
	if code == nil || mail.To[0] != newAddress || !strings.Contains(mail.Text, a.url+"/account/address/"+asked.text("id")) {
		t.Fatalf("the mail is %+v", mail)
	}
	change := func(token, id, code string) answer {
		return a.call("POST", "/v1/accounts/me/address/"+id+"/confirmation", token, map[string]string{"code": code})
	}
	grace, _ := a.signIn("grace@books.test", password)
	a.want(change(grace, asked.text("id"), code[1]), 403, "invalid_code")
	a.want(change(token, foreign.text("id"), code[1]), 403, "invalid_code")
	a.want(change(token, asked.text("id"), code[1]), 204, "")
	if me, told, proxy := a.me(token), a.introspect(token, books), a.ask("GET", "?api=books", token); me.text("email") != newAddress || told.text("username") != newAddress && told.text("email") != newAddress || proxy.header.Get("Remote-Email") != newAddress {
		t.Errorf("after the change: %s %s %v", me.raw, told.raw, proxy.header)
	}
	a.signIn(newAddress, password)
	arrives(t, box, "This is the address of your account", 1)

	undone := arrives(t, box, undoSubject, 1)
	code = mailedCode.FindStringSubmatch(undone.Text)
	link := regexp.MustCompile(regexp.QuoteMeta(a.url) + `/address/(\S+)`).FindStringSubmatch(undone.Text)
	if code == nil || link == nil || undone.To[0] != email {
		t.Fatalf("the mail is %+v", undone)
	}
	undo := func(code string) answer {
		return a.call("POST", "/v1/address-changes/"+link[1]+"/undo", "", map[string]string{"code": code, "new_password": newPassword})
	}
	a.want(undo("BCDF-GHJK"), 403, "invalid_code")
	a.want(undo(code[1]), 204, "")
	a.want(a.me(token), 401, "invalid_token")
	a.signIn(email, newPassword)
	a.want(a.call("POST", "/v1/sessions", "", map[string]string{"email": newAddress, "password": password}), 401, "invalid_credentials")
	devtest.Eventually(t, "both addresses are told", func() bool {
		told := map[string]bool{}
		for _, m := range box.Mails() {
			told[m.To[0]] = told[m.To[0]] || m.Subject == "The change of an address was undone"
		}
		return told[email] && told[newAddress]
	})
}

func TestAddressChangeNeedsStepUp(t *testing.T) {
	t.Parallel()
	a, _ := withMail(t)
	token, _ := a.member()
	shelf := a.registered("--name", "Shelf", "--first-party", "--redirect-uri", callback)
	code, verifier := a.person().letIn(shelf, "openid account")
	drawn := a.grantAs(shelf, exchangeOf(code, verifier)).text("access_token")
	a.want(a.call("POST", "/v1/accounts/me/address", drawn, map[string]string{"email": newAddress}), 403, "session_required")
	if _, err := a.postgres().Exec(t.Context(), `UPDATE authorizations SET auth_time = auth_time - interval '16 minutes'`); err != nil {
		t.Fatal(err)
	}
	a.want(a.call("PATCH", "/v1/accounts/me", token, map[string]string{"name": "Ada"}), 200, "") // The record is written anew with the older time.
	a.want(a.call("POST", "/v1/accounts/me/address", token, map[string]string{"email": newAddress}), 401, "insufficient_user_authentication")
}

func TestAddressIsChangedAndUndoneOnPages(t *testing.T) {
	t.Parallel()
	a, box := withMail(t)
	a.register(email, password)
	a.must("account", "verify", email)
	g := a.guest()
	g.signsIn()
	g.wantPage("the account", g.get("/account"), 200, `href="/account/address"`)
	page := g.get("/account/address")
	g.wantPage("no address", g.fill(page, "/account/address", "email", "countess"), 422, "Write an e-mail address")
	asked := g.fill(page, "/account/address", "email", newAddress)
	path := asked.header.Get("Location")
	page = g.follow(asked)
	g.wantPage("the code", page, 200, "a mail with a code is on its way", "one-time-code")
	g.wantPage("nothing typed", g.fill(page, path), 422, "Type the code of the mail")
	code := mailedCode.FindStringSubmatch(arrives(t, box, addressSubject, 1).Text)[1]
	g.wantPage("changed", g.follow(g.fill(page, path, "code", code)), 200, "Your account has the new address", newAddress)

	undone := arrives(t, box, undoSubject, 1)
	code = mailedCode.FindStringSubmatch(undone.Text)[1]
	path = regexp.MustCompile(regexp.QuoteMeta(a.url) + `(/address/\S+)`).FindStringSubmatch(undone.Text)[1]
	stranger := a.guest()
	page = stranger.get(path)
	stranger.wantPage("the undo", page, 200, "Take your account back", "new-password")
	stranger.wantPage("a wrong code", stranger.fill(page, path, "code", "BCDF-GHJK", "new_password", newPassword), 422, "The code is wrong, too old, or was used")
	stranger.wantPage("undone", stranger.follow(stranger.fill(page, path, "code", code, "new_password", newPassword)), 200, "The address from before is yours again")
	g.wantPage("the other browser", g.follow(g.get("/account")), 200, "Sign in")
	a.signIn(email, newPassword)
}
