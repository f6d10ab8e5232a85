package main_test

import (
	"regexp"
	"strings"
	"testing"
)

var (
	keyShown  = regexp.MustCompile(`Or type this key into it: <code>([A-Z2-7]{32})</code>`)
	codeShown = regexp.MustCompile(`<code>([a-z2-7]{4}(?:-[a-z2-7]{4}){5})</code>`)
)

// turnsOn turns the second step on, on the pages.
func (g *guest) turnsOn() (secret string, recovery []string) {
	g.t.Helper()
	page := g.fill(g.get("/account/second-step"), "/account/second-step/new")
	found := keyShown.FindStringSubmatch(page.raw)
	if found == nil {
		g.t.Fatalf("no key in %s", page.raw)
	}
	done := g.fill(page, "/account/second-step/confirm", "code", g.otp(found[1], -1))
	for _, code := range codeShown.FindAllStringSubmatch(done.raw, -1) {
		recovery = append(recovery, code[1])
	}
	if len(recovery) != 10 {
		g.t.Fatalf("%d recovery codes: %d %s", len(recovery), done.status, done.raw)
	}
	return found[1], recovery
}

func TestSecondStepOnPages(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.member()
	g := a.guest()
	g.signsIn(g.get("/sign-in"))
	page := g.fill(g.get("/account/second-step"), "/account/second-step/new")
	if !strings.Contains(page.raw, "<svg") || strings.Contains(page.raw, "data:") {
		t.Errorf("no picture: %s", page.raw)
	}
	g.wantPage("a wrong code", g.fill(page, "/account/second-step/confirm", "code", "12345"), 422, "The code is wrong. Check that the clock")
	secret, recovery := g.turnsOn()
	// This browser has shown both the password and a code.
	g.wantPage("the page of one that is on", g.get("/account/second-step"), 200, "On since")

	reading := a.appAt("Reading List", readingCallback, true)
	a.offer("books", "editor", "books:read")
	a.allowBooks(reading)
	other := a.guest()
	asked := other.signsIn(other.follow(other.get(linkOf(reading, readingCallback))))
	other.wantPage("after the password", asked, 200, "Enter your code", `autocomplete="one-time-code"`, "Reading List")
	if strings.Contains(asked.raw, "inputmode") {
		t.Error("no recovery code can be typed on a keyboard of digits")
	}
	other.wantSessions("before the second step", 1)
	other.wantPage("what is no code", other.fill(asked, "/sign-in/code", "code", "xyz"), 422, "six digits", `href="#code"`)
	other.wantPage("a wrong code", other.fill(asked, "/sign-in/code", "code", strings.Repeat("a", 24)), 422, "The code is wrong, or was used.")
	// Another browser cannot go on with it.
	thief := a.guest()
	thief.get("/sign-in")
	if got := thief.fill(asked, "/sign-in/code", "code", recovery[0]); got.status == 303 && !strings.Contains(got.header.Get("Location"), "late") {
		t.Errorf("another browser: %d %s", got.status, got.header.Get("Location"))
	}
	led := other.fill(asked, "/sign-in/code", "code", a.otp(secret, 0))
	if code := leads(t, other.follow(led)); code.Query().Get("code") == "" {
		t.Errorf("back to the app with %v", code)
	}
	// The form that is sent twice.
	if again := other.fill(asked, "/sign-in/code", "code", a.otp(secret, 0)); again.status != 303 || strings.Contains(again.header.Get("Location"), "late") {
		t.Errorf("sent twice: %d %s", again.status, again.header.Get("Location"))
	}

	other.age()
	for _, path := range []string{"/account/password", "/account/delete", "/account/second-step"} {
		other.wantPage("an old sign-in, "+path, other.follow(other.get(path)), 200, "sign in once more")
	}
	again := other.signsIn(other.follow(other.get("/account/password")))
	other.fill(again, "/sign-in/code", "code", recovery[1])
	for _, path := range []string{"/account/password", "/account/delete"} {
		other.wantPage("after both, "+path, other.get(path), 200, "Current password")
	}
	other.wantPage("the account", other.get("/account"), 200, "On. After your password")
	account := other.get("/account/second-step")
	other.wantPage("its page", account, 200, "On since", "9 recovery codes")
	fresh := other.fill(account, "/account/second-step/recovery-codes")
	if codes := codeShown.FindAllString(fresh.raw, -1); len(codes) != 10 || strings.Contains(fresh.raw, recovery[0]) {
		t.Errorf("%d new codes", len(codes))
	}
	other.wantPage("turned off", other.follow(other.fill(account, "/account/second-step/off")), 200, "is not asked for any more")
	last := a.guest()
	last.signsIn(last.get("/sign-in"))
	last.wantSessions("with the password alone", 2)
}

func TestCodePageWithoutAPasswordLeadsToSignIn(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	g := a.guest()
	g.wantPage("without a sign-in", g.follow(g.get("/sign-in/code")), 200, "That took too long")
}
