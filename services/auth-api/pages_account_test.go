package main_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

func TestPersonChangesNameAndPasswordOnThePage(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	g, other := a.guest(), a.guest()
	g.signsIn()
	other.signsIn()
	got := g.fill(g.get("/account/name"), "/account/name", "name", "Ada <Lovelace>")
	if got.status != http.StatusSeeOther {
		t.Errorf("change the name: %d %s", got.status, got.raw)
	}
	g.wantPage("the new name", g.follow(got), 200, "Your name is changed.", "Ada <Lovelace> ("+email+")")
	g.wantPage("too long", g.fill(g.get("/account/name"), "/account/name", "name", strings.Repeat("a", 65)), 422, "at most 64 bytes", strings.Repeat("a", 65))

	g.wantPage("a wrong password", g.fill(g.get("/account/password"), "/account/password", "current_password", wrong, "new_password", newPassword), 422, "The current password is wrong.", `href="#current_password"`)
	got = g.fill(g.get("/account/password"), "/account/password", "current_password", password, "new_password", "short")
	g.wantPage("a short one", got, 422, `href="#new_password"`)
	if strings.Contains(got.raw, password) || strings.Contains(got.raw, `value="short"`) {
		t.Error("the page repeats a password")
	}
	page := g.get("/account/password")
	stale := other.fill(page, "/account/password", "current_password", password, "new_password", newPassword)
	other.wantPage("a form of another browser", stale, 422, "too old")
	g.wantPage("the new password", g.follow(g.fill(page, "/account/password", "current_password", password, "new_password", newPassword)), 200, "Your password is changed")
	other.wantPage("the other browser", other.follow(other.get("/account")), 200, "Sign in")
	if token, _ := a.signIn(email, newPassword); token == "" {
		t.Error("the new password does not sign in")
	}
}

func TestCurrentPasswordOnPagesHasTheLimitOfTheAPI(t *testing.T) {
	t.Parallel()
	a := withPages(t, func(s settings) { s["AUTH_API_LIMIT_SESSION"] = "3/5m" })
	a.register(email, password)
	g := a.guest()
	g.signsIn()
	change, remove := g.get("/account/password"), g.get("/account/delete")
	for range 3 {
		g.wantPage("a guess", g.fill(remove, "/account/delete", "current_password", wrong), 422, "The current password is wrong.")
	}
	g.wantPage("a guess too many", g.fill(change, "/account/password", "current_password", password, "new_password", newPassword), 429, "too many attempts")
	devtest.Eventually(t, "the refusals are events", func() bool {
		return a.count(`SELECT count(*) FROM events WHERE outcome = 'refused' AND verb IN ('account.delete', 'account.change_password')`) >= 2
	})
}

func TestPersonDownloadsAndDeletesOnThePage(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	g := a.guest()
	g.signsIn()
	account := g.get("/account")
	got := g.fill(account, "/account/export")
	var exported struct{ Account struct{ Email string } }
	if err := json.Unmarshal([]byte(got.raw), &exported); err != nil || got.status != 200 || exported.Account.Email != email || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the export: %d %v %s", got.status, got.header, got.raw)
	}
	// A sign-in of long ago exports nothing.
	if _, err := a.postgres().Exec(t.Context(), `UPDATE authorizations SET auth_time = auth_time - interval '16 minutes'`); err != nil {
		t.Fatal(err)
	}
	g.fill(g.get("/account/name"), "/account/name", "name", "Ada") // The record is written anew with the older time.
	if got := g.fill(account, "/account/export"); got.header.Get("Location") != "/sign-in?notice=again" {
		t.Errorf("an old sign-in: %d %s", got.status, got.raw)
	}
	if n := a.count(`SELECT count(*) FROM events WHERE verb = 'account.export'`); n != 1 {
		t.Errorf("%d events of one export", n)
	}

	remove := g.get("/account/delete")
	g.wantPage("what happens", remove, 200, "Nobody can undo it.", email)
	g.wantPage("a wrong password", g.fill(remove, "/account/delete", "current_password", wrong), 422, "The current password is wrong.")
	if n := a.count(`SELECT count(*) FROM accounts`); n != 1 {
		t.Fatalf("%d accounts after a wrong password", n)
	}
	g.wantPage("deleted", g.follow(g.fill(remove, "/account/delete", "current_password", password)), 200, "Your account is deleted", "Sign in")
	if n := a.count(`SELECT count(*) FROM accounts`); n != 0 {
		t.Errorf("%d accounts are left", n)
	}
	// The form that is sent twice leads on as well.
	if got := g.fill(remove, "/account/delete", "current_password", password); got.status != http.StatusSeeOther {
		t.Errorf("sent twice: %d %s", got.status, got.raw)
	}
}
