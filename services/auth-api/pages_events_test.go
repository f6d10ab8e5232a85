package main_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

func TestPersonSeesWhatWasDoneWithTheAccount(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	a.register("grace@books.test", password)
	g := a.guest()
	g.signsIn()
	grace, _ := a.signIn("grace@books.test", password)
	a.want(a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": wrong}), 401, "invalid_credentials")
	a.want(a.call("PATCH", "/v1/accounts/me", grace, map[string]string{"name": "Grace"}), 200, "")
	devtest.Eventually(t, "the refusal is on the page", func() bool {
		return strings.Contains(g.get("/account/events").raw, "A sign-in was refused: the password was wrong")
	})
	page := g.get("/account/events")
	g.wantPage("the events", page, 200, "Signed in", "from 127.0.0.1", "The account was made", "by whoever runs the service", "by somebody who was not signed in", `href="/account/password"`)
	for _, never := range []string{"The name was changed", "Older", "grace"} {
		if strings.Contains(page.raw, never) {
			t.Errorf("the page has %q", never)
		}
	}

	// What does not fit on one page is on the next, and nothing is on both.
	token, _ := a.signIn(email, password)
	for n := range 30 {
		a.want(a.call("PATCH", "/v1/accounts/me", token, map[string]string{"name": fmt.Sprint("Ada ", n)}), 200, "")
	}
	older := regexp.MustCompile(`href="(/account/events\?after=[^"]+)"`)
	first := g.get("/account/events")
	link := older.FindStringSubmatch(first.raw)
	if link == nil {
		t.Fatalf("there is no older page: %s", first.raw)
	}
	second := g.get(link[1])
	if n := strings.Count(first.raw, "The name was changed") + strings.Count(second.raw, "The name was changed"); n != 30 || older.MatchString(second.raw) {
		t.Errorf("%d changes are shown, want 30", n)
	}
	g.wantPage("the second page", second, 200, "The account was made", "Newest")
	g.wantPage("a made-up page", g.get("/account/events?after=nonsense"), 404)
	a.guest().wantPage("nobody's", a.guest().follow(a.guest().get("/account/events")), 200, "Sign in")
}

func TestEventsNameTheApps(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	g := a.guest()
	g.signsIn()
	shelf := a.registered("--name", "Shelf", "--redirect-uri", callback)
	ada := a.person()
	code, verifier := ada.letIn(shelf, "openid offline_access")
	a.want(a.grantAs(shelf, exchangeOf(code, verifier)), 200, "")
	a.want(a.grantAs(shelf, exchangeOf(code, verifier)), 400, "")
	page := g.get("/account/events")
	g.wantPage("the events", page, 200, "Shelf was let in", "Signed in to Shelf", "Shelf was ended, because its code or token was used twice")
	if strings.Contains(page.raw, ", by an app") || strings.Contains(page.raw, ", by Shelf") {
		t.Errorf("an app is named twice: %s", page.raw)
	}
	a.must("client", "disable", shelf.id)
	g.wantPage("of one that is no more", g.get("/account/events"), 200, "An app was let in", "Signed in to an app")
}
