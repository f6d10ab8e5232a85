package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"

	"auth.books.test/internal/nodemodules"
)

// What is wrong with a page for those who hear it or use no mouse; axe-core finds more.
const unusable = `(() => {
	const wrong = [], all = selector => [...document.querySelectorAll(selector)];
	if (all("h1").length !== 1 || all("main").length !== 1 || !document.documentElement.lang || !document.title) wrong.push("landmarks");
	const ids = all("[id]").map(e => e.id);
	if (new Set(ids).size !== ids.length) wrong.push("an id twice");
	for (const e of all("input:not([type=hidden])")) {
		if (!e.labels.length) wrong.push("no label: " + e.id);
		if (!e.autocomplete) wrong.push("no autocomplete: " + e.id);
		for (const id of (e.getAttribute("aria-describedby") || "").split(" ")) if (id && !document.getElementById(id)) wrong.push("described by nothing: " + e.id);
	}
	for (const e of all("a, button")) {
		if (!e.textContent.trim()) wrong.push("no words: " + e.outerHTML);
		const box = e.getBoundingClientRect();
		if (e.matches("button, .button") && box.height < 44) wrong.push("too small: " + e.outerHTML);
	}
	for (const e of all("form")) if (e.method !== "post") wrong.push("a form by GET");
	for (const e of all("*")) if (e.tabIndex > 0) wrong.push("an order of its own: " + e.outerHTML);
	return wrong;
})()`

// With SCREENSHOTS=folder it leaves pictures there.
func TestEveryScreenCanBeUsed(t *testing.T) {
	t.Parallel()
	var all []look
	for _, scheme := range []string{"light", "dark"} {
		all = append(all, look{390, scheme}, look{1280, scheme})
	}
	p := eachScreen(t, all, func(p page, name string, width int) {
		p.fits(name, width)
		if wrong := evaluate[[]string](p, unusable); len(wrong) > 0 {
			t.Errorf("%s: %q", name, wrong)
		}
		if folder := os.Getenv("SCREENSHOTS"); folder != "" {
			p.picture(filepath.Join(folder, name+".png"))
		}
	})
	// What is wrong must be found, or nothing above proves anything.
	evaluate[bool](p, badPage)
	if len(evaluate[[]string](p, unusable)) < 4 {
		t.Error("a bad page is not noticed")
	}
}

// axe-core is what most tools for accessibility look with.
func TestAxeCoreFindsNothingOnAnyScreen(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile(filepath.Join(nodemodules.Install(t, "testdata/axe"), "axe-core/axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	// What it finds depends on the width, or on the colours.
	p := eachScreen(t, []look{{390, "light"}, {1280, "dark"}}, func(p page, name string, _ int) {
		if found := p.violations(script); len(found) > 0 {
			t.Errorf("%s: %s", name, strings.Join(found, "\n"))
		}
	})
	evaluate[bool](p, badPage)
	if len(p.violations(script)) == 0 {
		t.Error("a bad page is not noticed")
	}
}

const badPage = `document.body.innerHTML = "<input><a href='/'></a><button>x</button>", true`

// look is how wide a window is, and which colours its owner prefers.
type look struct {
	width  int
	scheme string
}

// in shows the page as it looks to that owner.
func (p page) in(l look) {
	p.t.Helper()
	p.step("size", chromedp.EmulateViewport(int64(l.width), 844))
	send(p, "prefer colours", emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}}})
}

// eachScreen goes from screen to screen, looks at each in several ways, and returns the browser's tab.
func eachScreen(t *testing.T, looks []look, see func(p page, name string, width int)) page {
	t.Helper()
	browser(t)
	a, _ := withMail(t, onLocalhost)
	a.asLocalhost()
	a.register(email, password)
	a.offer("books", "editor", "books:read")
	a.must("api", "describe", "books", "books:read", "see which books you have borrowed")
	reading := a.appAt("Reading List", readingCallback, false)
	const scanner, everything = "test.books.scanner:/readingCallback", "openid profile email groups offline_access books:read"
	device := a.appAt("Shelf Scanner", scanner, false)
	a.allowBooks(reading, device)
	const guarded = "grace@books.test"
	a.register(guarded, password)
	session, _ := a.signIn(guarded, password)
	_, recovery := a.secondFactor(session)
	a.want(a.addPasskey(session, "My laptop", a.laptop()), 201, "")
	phone := a.guest()
	phone.signsIn()
	leads(t, phone.allows(phone.follow(phone.get(linkOf(device, scanner, "scope", everything)))))
	p := newPage(t)
	p.wantsNothingSaid()
	shown := func(name string) {
		for _, l := range looks {
			p.in(l)
			see(p, fmt.Sprintf("%s-%d-%s", name, l.width, l.scheme), l.width)
		}
	}
	opens := func(name, url, until string) {
		p.open(url, until)
		shown(name)
	}
	opens("sign-in", a.url+linkOf(reading, readingCallback, "prompt", "login"), "#email")
	p.types(email, wrong)
	p.step("see what is wrong", chromedp.WaitVisible(chromedp.CSS(".summary")))
	shown("mistake")
	opens("register", a.url+"/register", "#email")
	p.step("ask for an account", chromedp.SetValue(chromedp.CSS("#email"), "new@books.test"), chromedp.Click(chromedp.CSS("main button")), chromedp.WaitVisible(chromedp.CSS("#code")))
	shown("register-code")
	p.open(a.url+linkOf(reading, readingCallback, "prompt", "login", "scope", everything), "#email")
	p.types(email, password)
	p.step("be asked", chromedp.WaitVisible(chromedp.CSS(allowButton)))
	shown("consent")
	opens("account", a.url+"/account?notice=ended", "h1")
	for _, name := range []string{"name", "password", "events", "delete"} {
		opens("account-"+name, a.url+"/account/"+name, "h1")
	}
	p.step("type a wrong password", chromedp.SetValue(chromedp.CSS("#current_password"), wrong), chromedp.Click(chromedp.CSS("main button")), chromedp.WaitVisible(chromedp.CSS(".summary")))
	shown("account-delete-mistake")
	opens("account-second-step", a.url+"/account/second-step", "h1")
	p.step("set the second step up", chromedp.Click(chromedp.CSS("main button")), chromedp.WaitVisible(chromedp.CSS("#code")))
	shown("account-second-step-new")
	p.step("type a wrong code", chromedp.SetValue(chromedp.CSS("#code"), "12345"), chromedp.Click(chromedp.CSS("main button")), chromedp.WaitVisible(chromedp.CSS(".summary")))
	shown("account-second-step-mistake")
	opens("new-token", a.url+"/account/tokens", "h1")
	p.step("make a token of nothing", chromedp.SetValue(chromedp.CSS("#name"), "backup of my shelves"), chromedp.Click(chromedp.CSS("main button")), chromedp.WaitVisible(chromedp.CSS(".summary")))
	shown("token-mistake")
	p.step("make a token", chromedp.Click(chromedp.CSS("input[type=checkbox]")), chromedp.Click(chromedp.CSS("main button")), chromedp.WaitVisible(chromedp.CSS("#token")))
	shown("token")
	opens("invitation", a.url+"/invitation/0198c0de-0000-7000-8000-000000000001", "#code")
	opens("account-address", a.url+"/account/address", "#email")
	p.step("ask for another address", chromedp.SetValue(chromedp.CSS("#email"), "moved@books.test"), chromedp.Click(chromedp.CSS("main button")), chromedp.WaitVisible(chromedp.CSS("#code")))
	shown("account-address-code")
	opens("address-undo", a.url+"/address/0198c0de-0000-7000-8000-000000000001", "#code")
	opens("reset", a.url+"/reset", "#email")
	p.step("ask for a code", chromedp.SetValue(chromedp.CSS("#email"), "nobody@books.test"), chromedp.Click(chromedp.CSS("main button")), chromedp.WaitVisible(chromedp.CSS("#code")))
	shown("new-password")
	p.open(a.url+linkOf(reading, readingCallback, "prompt", "login"), "#email")
	p.types(guarded, password)
	p.step("be asked for a code", chromedp.WaitVisible(chromedp.CSS("#code")))
	shown("code")
	p.step("type a recovery code", chromedp.SetValue(chromedp.CSS("#code"), recovery[0]), chromedp.Click(chromedp.CSS("main button")), chromedp.WaitVisible(chromedp.CSS(allowButton)))
	opens("account-passkeys", a.url+"/account/passkeys", "#name")
	opens("error", a.url+"/oauth/authorize", "h1")
	opens("signed-out", a.url+"/signed-out", "h1")
	return p
}

// wantsNothingSaid fails the test if the browser complains about a page.
func (p page) wantsNothingSaid() {
	p.t.Helper()
	if err := chromedp.Listen(p.ctx, func(event any) {
		// The browser also logs each answer that is an error.
		if e, is := event.(*log.EventEntryAdded); is && e.Entry.Source != log.EntrySourceNetwork {
			p.t.Errorf("the browser says: %s %s", e.Entry.Source, e.Entry.Text)
		}
	}); err != nil {
		p.t.Fatal(err)
	}
	send(p, "hear what the browser says", log.Enable, cdp.Empty{})
}

func (p page) picture(file string) {
	p.t.Helper()
	taken, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(file, taken, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// violations are what axe-core finds.
func (p page) violations(axe []byte) (found []string) {
	p.t.Helper()
	if !evaluate[bool](p, `"axe" in window`) {
		evaluate[bool](p, string(axe)+";true")
	}
	const run = `axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => JSON.stringify(r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" "))))`
	if err := json.Unmarshal([]byte(evaluate[string](p, run)), &found); err != nil {
		p.t.Fatal(err)
	}
	return found
}
