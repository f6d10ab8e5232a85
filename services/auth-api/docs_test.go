package main_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"
)

func TestDocsSignInWorksInABrowser(t *testing.T) {
	t.Parallel()
	browser(t)
	// The issuer is another address than the page's: what is tried is the service that
	// gave the page.
	a := start(t, func(s settings) {
		s["AUTH_API_PASSWORD_GRANT"], s["AUTH_API_ISSUER"] = "true", "https://auth.books.test"
	})
	a.register(email, password)
	p := newPage(t)
	const me = "#operations-Accounts-me "
	p.step("open /docs", chromedp.Navigate(a.url+"/docs"), chromedp.WaitVisible(chromedp.CSS(".btn.authorize")))
	p.signIn()
	p.press(me+".opblock-summary-control", me+".execute")
	p.press(me+".execute", me+".live-responses-table .response-col_status")
	if answer := p.text(me + ".live-responses-table"); !strings.Contains(answer, "200") || !strings.Contains(answer, email) {
		t.Errorf("the page shows:\n%s", answer)
	}
	// Offline means that nothing is asked of anybody else.
	asked := evaluate[[]string](p, `performance.getEntriesByType("resource").map(r => r.name)`)
	if len(asked) == 0 {
		t.Error("the page asked for nothing")
	}
	for _, url := range asked {
		if !strings.HasPrefix(url, a.url+"/") && !strings.HasPrefix(url, "data:") {
			t.Errorf("the page asked %s", url)
		}
	}
}

// The window of the sign-in is the service's own page, and hands Swagger UI a code.
func TestDocsSignPeopleInByCode(t *testing.T) {
	t.Parallel()
	browser(t)
	app := uuid.NewString()
	a := withPages(t, func(s settings) { s["AUTH_API_DOCS_CLIENT"] = app })
	a.register(email, password)
	a.addApp(app, "API documentation", a.url+"/docs/oauth2-redirect.html", true)
	p := newPage(t)
	const me = "#operations-Accounts-me "
	p.step("open /docs", chromedp.Navigate(a.url+"/docs"), chromedp.WaitVisible(chromedp.CSS(".btn.authorize")))
	p.press(".btn.authorize", ".dialog-ux .scopes label")
	p.step("ask for the scope account", chromedp.Click(chromedp.CSS(`.dialog-ux label[for^="account-authorization_code"], .dialog-ux label[for^="account-authorizationCode"]`)))
	opened := p.opens()
	p.step("begin", chromedp.Click(chromedp.CSS(".dialog-ux .auth-container .btn.authorize")))
	window := p.window(opened)
	window.types(email, password)
	window.step("be asked", chromedp.Click(chromedp.CSS(allowButton)))
	p.step("see that it is done", chromedp.WaitVisible(chromedp.Search(`//button[contains(., "Logout")]`)))
	p.step("close it", chromedp.Click(chromedp.CSS(".btn-done")), chromedp.WaitNotPresent(chromedp.CSS(".btn-done")))
	p.press(me+".opblock-summary-control", me+".execute")
	p.press(me+".execute", me+".live-responses-table .response-col_status")
	if answer := p.text(me + ".live-responses-table"); !strings.Contains(answer, "200") || !strings.Contains(answer, email) {
		t.Errorf("the page shows:\n%s", answer)
	}
}

// A newcomer has an address and a password, and often a phone.
func TestDocsFitAPhoneAndShowThePasswordFormFirst(t *testing.T) {
	t.Parallel()
	browser(t)
	a := start(t, func(s settings) { s["AUTH_API_PASSWORD_GRANT"] = "true" })
	a.library()
	p := newPage(t)
	fits := func(what string) {
		t.Helper()
		width := evaluate[[]int](p, `[window.innerWidth, document.documentElement.scrollWidth, window.visualViewport.width].map(Math.round)`)
		if !slices.Equal(width, []int{390, 390, 390}) {
			t.Errorf("%s: the window, the page and what is seen of it are %v wide, want 390 each", what, width)
		}
	}
	p.step("open /docs on a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), chromedp.Navigate(a.url+"/docs"), chromedp.WaitVisible(chromedp.CSS(".btn.authorize")))
	fits("the page")
	p.press(".btn.authorize", "#oauth_username")
	fits("the dialog")
	if first := evaluate[bool](p, `document.querySelector(".auth-container").contains(document.querySelector("#oauth_username"))`); !first {
		t.Error("the first form of the dialog is not the one for address and password")
	}
	scopes := evaluate[[]string](p, `[...document.querySelectorAll(".scopes .item + .text .name, .scopes .name")].map(e => e.textContent)`)
	slices.Sort(scopes)
	if scopes = slices.Compact(scopes); !slices.Equal(scopes, []string{"account", "books:read", "books:write", "shop:buy"}) {
		t.Errorf("the dialog offers the scopes %q", scopes)
	}
	p.step("close it", chromedp.Click(chromedp.CSS(".btn-done")), chromedp.WaitNotPresent(chromedp.CSS(".btn-done")))
	for _, operation := range []string{"#operations-Accounts-register ", "#operations-Sessions-sign-in ", "#operations-Verification-verify "} {
		p.press(operation+".opblock-summary-control", operation+".execute")
		fits(operation)
	}
}
