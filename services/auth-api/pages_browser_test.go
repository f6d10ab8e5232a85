package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"auth.books.test/internal/devstack/devtest"
)

// arrival is a small app, which people are sent back to.
type arrival struct {
	t        *testing.T
	redirect string
	arrived  chan url.Values
}

// newArrival serves an app, by https or not. Only its redirect URI counts as an arrival.
func newArrival(t *testing.T, tls bool) *arrival {
	t.Helper()
	a := &arrival{t: t, arrived: make(chan url.Values, 10)}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/readingCallback" {
			fmt.Fprint(w, `<title>app</title><p id="arrived">You are signed in to the app.`)
			a.arrived <- r.URL.Query()
		}
	})
	server := httptest.NewUnstartedServer(handler)
	if tls {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	a.redirect = server.URL + "/readingCallback"
	return a
}

// want waits for somebody to arrive with a code.
func (a *arrival) want(what, issuer string) {
	a.t.Helper()
	select {
	case got := <-a.arrived:
		if !strings.HasPrefix(got.Get("code"), "bac_") || got.Get("state") != "a state" || got.Get("iss") != issuer {
			a.t.Errorf("%s: arrived with %v", what, got)
		}
	case <-time.After(30 * time.Second):
		a.t.Fatalf("%s: nobody arrived", what)
	}
}

// withoutScripts turns JavaScript off in the pages; that of the tests still runs.
func (p page) withoutScripts() {
	p.t.Helper()
	send(p, "turn JavaScript off", emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// tab is another tab of the same browser.
func (p page) tab() page {
	p.t.Helper()
	ctx, stop := chromedp.NewContext(p.ctx)
	p.t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		p.t.Fatalf("open a tab: %v", err)
	}
	return page{p.t, ctx}
}

func (p page) open(url, until string) {
	p.t.Helper()
	p.step("open "+url, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(until)))
}

// arrives waits until the browser shows the app. One that is sent on before that drops either page.
func (p page) arrives(client *arrival, what, issuer string) {
	p.t.Helper()
	p.step(what+": see the app", chromedp.WaitVisible(chromedp.CSS("#arrived")))
	client.want(what, issuer)
}

// types fills in the sign-in form, and sends it.
func (p page) types(email, password string) {
	p.t.Helper()
	p.step("fill in the form",
		chromedp.WaitVisible(chromedp.CSS("#password")), chromedp.SetValue(chromedp.CSS("#email"), email),
		chromedp.SendKeys(chromedp.CSS("#password"), password+"\r"))
}

const allowButton = `button[value="allow"]`

// fits says that nothing of the page is wider than the window, and that it has been styled.
func (p page) fits(what string, width int) {
	p.t.Helper()
	if got := evaluate[int](p, `Math.max(document.documentElement.scrollWidth, ...[...document.querySelectorAll("body *")].map(e => Math.ceil(e.getBoundingClientRect().right)))`); got > width {
		p.t.Errorf("%s: it is %d wide in a window of %d", what, got, width)
	}
	if sheets := evaluate[int](p, `document.styleSheets.length && document.styleSheets[0].cssRules.length`); sheets < 10 {
		p.t.Errorf("%s: it has no style", what)
	}
}

func TestPeopleSignInInABrowserWithAndWithoutJavaScript(t *testing.T) {
	t.Parallel()
	browser(t)
	a := withPages(t)
	a.register(email, password)
	for _, scripts := range []bool{true, false} {
		for _, width := range []int{320, 390, 1280} {
			what := fmt.Sprintf("JavaScript %v, %d wide", scripts, width)
			client := newArrival(t, false)
			app := a.appAt("Reading List", client.redirect, false)
			p := newPage(t)
			p.step("size", chromedp.EmulateViewport(int64(width), 844))
			if !scripts {
				p.withoutScripts()
			}
			p.open(a.url+linkOf(app, client.redirect), "#email")
			p.fits(what+", sign in", width)
			p.types(email, wrong)
			p.step("see what is wrong", chromedp.WaitVisible(chromedp.CSS(".summary")))
			p.fits(what+", a mistake", width)
			devtest.Eventually(t, what+": the summary has the focus", func() bool { return evaluate[string](p, `document.activeElement.className`) == "summary" })
			if kept := evaluate[string](p, `document.querySelector("#email").value + document.querySelector("#password").value`); kept != email {
				t.Errorf("%s: the form has %q", what, kept)
			}
			p.types(email, password)
			p.step("be asked", chromedp.WaitVisible(chromedp.CSS(allowButton)))
			p.fits(what+", consent", width)
			p.step("let the app in", chromedp.Click(chromedp.CSS(allowButton)))
			p.arrives(client, what, a.url)
			p.open(a.url+"/account", "h1")
			p.fits(what+", account", width)
			if text := p.text("main"); !strings.Contains(text, "Reading List") || !strings.Contains(text, "this browser") {
				t.Errorf("%s: the account shows %s", what, text)
			}
		}
	}
}

// form-action 'self' also holds for redirects that follow a form.
func TestBrowserLeavesForEveryKindOfApp(t *testing.T) {
	t.Parallel()
	browser(t)
	a := withPages(t)
	a.register(email, password)
	overTLS, loopback := newArrival(t, true), newArrival(t, false)
	const scheme = "test.books.reading:/readingCallback"
	p := newPage(t)
	p.trustsEveryCertificate()
	p.withoutScripts()
	// First from the sign-in form, then from the consent, then from no form.
	p.open(a.url+linkOf(a.appAt("By https", overTLS.redirect, true), overTLS.redirect), "#email")
	p.types(email, password)
	p.arrives(overTLS, "from the sign-in form to an https app", a.url)
	for name, c := range map[string]*arrival{"an https app": overTLS, "a loopback app": loopback} {
		p.open(a.url+linkOf(a.appAt("Asked", c.redirect, false), c.redirect), allowButton)
		p.step("let it in", chromedp.Click(chromedp.CSS(allowButton)))
		p.arrives(c, "from the consent to "+name, a.url)
		p.open(a.url+linkOf(a.appAt("Denied", c.redirect, false), c.redirect), allowButton)
		p.step("do not", chromedp.Click(chromedp.CSS(`button[value="deny"]`)))
		p.step("see the app", chromedp.WaitVisible(chromedp.CSS("#arrived")))
		if got := <-c.arrived; got.Get("error") != "access_denied" {
			t.Errorf("%s is told %v", name, got)
		}
	}
	app := a.appAt("On the device", scheme, true)
	asked := make(chan string, 10)
	if err := chromedp.Listen(p.ctx, func(event any) {
		if e, is := event.(*cdpage.EventFrameRequestedNavigation); is && strings.HasPrefix(e.URL, "test.books.reading:") {
			asked <- e.URL
		}
	}); err != nil {
		t.Fatal(err)
	}
	p.open(a.url+linkOf(app, scheme), allowButton)
	p.step("let it in", chromedp.Click(chromedp.CSS(allowButton)))
	select {
	case to := <-asked:
		if !strings.HasPrefix(to, scheme+"?code=bac_") {
			t.Errorf("the browser is to open %s", to)
		}
	case <-time.After(30 * time.Second):
		t.Error("the browser is not to open the app")
	}
	p.step("see the link", chromedp.WaitVisible(chromedp.CSS(`a.button[href^="`+scheme+`?code="]`)))
}

func TestFramedPageIsEmpty(t *testing.T) {
	t.Parallel()
	browser(t)
	a := withPages(t)
	framing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<iframe src="%s/sign-in" onload="document.title='loaded'"></iframe>`, a.url)
	}))
	t.Cleanup(framing.Close)
	p := newPage(t)
	p.step("open it", chromedp.Navigate(framing.URL))
	evaluate[bool](p, `(async () => { while (document.title !== "loaded") await new Promise(done => setTimeout(done, 50)); return true })()`)
	// A page that is shown has its style sheet.
	styled := func() bool { return regexp.MustCompile(`route="/pages\.[0-9a-f]+\.css"`).MatchString(a.scrape()) }
	if !strings.Contains(a.scrape(), `route="/sign-in"`) || styled() {
		t.Error("the frame did not ask for the page, or shows it")
	}
	p.open(a.url+"/sign-in", "#email")
	devtest.Eventually(t, "a page that is shown has its style sheet", styled)
}

func TestBackAfterSignOutShowsNothing(t *testing.T) {
	t.Parallel()
	browser(t)
	a := withPages(t)
	a.register(email, password)
	p := newPage(t)
	p.open(a.url+"/sign-in", "#email")
	p.types(email, password)
	p.step("see the account", chromedp.WaitVisible(chromedp.CSS(`form[action="/sign-out"] button`)))
	if text := p.text("body"); !strings.Contains(text, email) {
		t.Fatalf("the account shows %s", text)
	}
	p.step("sign out", chromedp.Click(chromedp.CSS(`form[action="/sign-out"] button`)), chromedp.WaitVisible(chromedp.CSS(`a[href="/sign-in"]`)))
	p.step("go back", chromedp.NavigateBack(), chromedp.WaitVisible(chromedp.CSS("h1")))
	if text := p.text("body"); strings.Contains(text, email) || strings.Contains(text, "Your account") {
		t.Errorf("the page shows %s", text)
	}
}

func TestTwoTabsAndADoubleClickArrive(t *testing.T) {
	t.Parallel()
	browser(t)
	a := withPages(t)
	a.register(email, password)
	first, second := newArrival(t, false), newArrival(t, true)
	one := newPage(t)
	two := one.tab()
	one.trustsEveryCertificate()
	two.trustsEveryCertificate()
	one.open(a.url+linkOf(a.appAt("First", first.redirect, false), first.redirect), "#email")
	two.open(a.url+linkOf(a.appAt("Second", second.redirect, true), second.redirect), "#email")
	one.types(email, password)
	one.step("be asked", chromedp.WaitVisible(chromedp.CSS(allowButton)))
	two.types(email, password)
	two.arrives(second, "the second tab", a.url)
	one.step("let it in, with a double click", chromedp.DoubleClick(chromedp.CSS(allowButton)))
	one.arrives(first, "the first tab", a.url)
	if n := a.count(`SELECT count(*) FROM authorization_codes`); n != 2 {
		t.Errorf("%d codes", n)
	}
	if n := a.count(`SELECT count(*) FROM authorizations WHERE kind = 'session' AND revoked_at IS NULL`); n != 1 {
		t.Errorf("%d sessions", n)
	}
}
