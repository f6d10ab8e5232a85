package main_test

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/security"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// browser finds Chromium, or skips. It prefers the one without windows, as scripts/test-deps does.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium-headless-shell", "headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("SKIPPED, no Chromium: /docs was not tried in a browser. Install chromium to run this test.")
	return ""
}

// page is a tab of a real browser.
type page struct {
	t   *testing.T
	ctx context.Context
}

// sharedBrowser is the browser of all tests of this binary. Each has a profile of its own in it, as in a
// private window. A browser for each test would take most of the package's time.
type sharedBrowser struct {
	opening sync.Mutex // guards what is below
	ctx     context.Context
	stop    context.CancelFunc
}

func (b *sharedBrowser) open(t *testing.T) context.Context {
	t.Helper()
	path := browser(t)
	b.opening.Lock()
	defer b.opening.Unlock()
	if b.ctx != nil {
		return b.ctx
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 2400),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true))...)
	ctx, closed := chromedp.NewContext(allocator)
	b.stop = func() { closed(); stop() }
	if err := chromedp.Do(ctx); err != nil {
		b.stop()
		t.Fatalf("start the browser: %v", err)
	}
	b.ctx = ctx
	return ctx
}

func (b *sharedBrowser) close() {
	b.opening.Lock()
	defer b.opening.Unlock()
	if b.ctx != nil {
		b.stop()
	}
}

// newPage opens a tab with a profile of its own.
func newPage(t *testing.T) page {
	t.Helper()
	ctx, stop := chromedp.NewContext(chromium.open(t), chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	return page{t, ctx}
}

// send sends the tab a command of the DevTools protocol that has no answer.
func send[P any](p page, what string, command cdp.Command[P, cdp.Empty], params P) {
	p.t.Helper()
	p.step(what, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, command, params)
		return chromedp.Void{}, err
	})
}

// trustsEveryCertificate is for tests that serve https with certificates of their own.
func (p page) trustsEveryCertificate() {
	p.t.Helper()
	send(p, "trust every certificate", security.SetIgnoreCertificateErrors, security.SetIgnoreCertificateErrorsParams{Ignore: true})
}

// opens gives the id of the next window that the page opens.
func (p page) opens() <-chan target.ID {
	own := chromedp.FromContext(p.ctx).Target.TargetID
	return chromedp.WaitNewTarget(p.ctx, func(info *target.Info) bool { return info.Type == "page" && info.OpenerID == own })
}

// window is a window that the page has opened.
func (p page) window(opened <-chan target.ID) page {
	p.t.Helper()
	select {
	case id := <-opened:
		ctx, stop := chromedp.NewContext(p.ctx, chromedp.WithTargetID(id))
		p.t.Cleanup(stop)
		// The first use is without a deadline of its own: it is what the window lives by.
		if err := chromedp.Do(ctx); err != nil {
			p.t.Fatalf("look at the window: %v", err)
		}
		return page{p.t, ctx}
	case <-time.After(30 * time.Second):
		p.t.Fatal("no window opens")
		return page{}
	}
}

func (p page) step(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	limit, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(limit, actions...); err != nil {
		soon, cancel := context.WithTimeout(p.ctx, 5*time.Second)
		defer cancel()
		shown, why := chromedp.Run(soon, chromedp.Text(chromedp.CSS("body")))
		p.t.Fatalf("%s: %v\nthe page shows: %.2000s (%v)", what, err, shown, why)
	}
}

// press presses until something is there. Swagger UI unfolds slowly, and forgets a
// press that comes before it has resolved the operation: so press, and again, as a
// person would.
func (p page) press(selector, until string) {
	p.t.Helper()
	p.step("press "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	evaluate[bool](p, fmt.Sprintf(`(async () => {
		while (!document.querySelector(%[2]q)) {
			document.querySelector(%[1]q)?.click();
			await new Promise(done => setTimeout(done, 500));
		}
		return true;
	})()`, selector, until))
}

// signIn fills in the password form of Swagger UI's dialog, and closes it.
func (p page) signIn() {
	p.t.Helper()
	p.press(".btn.authorize", "#oauth_username")
	p.step("fill it in", chromedp.SendKeys(chromedp.CSS("#oauth_username"), email), chromedp.SendKeys(chromedp.CSS("#oauth_password"), password))
	p.step("sign in",
		chromedp.Click(chromedp.Search(`//input[@id="oauth_password"]/ancestor::div[contains(@class, "auth-container")]//button[contains(., "Authorize")]`)),
		chromedp.WaitVisible(chromedp.Search(`//button[contains(., "Logout")]`)))
	p.step("close it", chromedp.Click(chromedp.CSS(".btn-done")), chromedp.WaitNotPresent(chromedp.CSS(".btn-done")))
}

func (p page) text(selector string) string {
	p.t.Helper()
	limit, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	text, err := chromedp.Run(limit, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		p.t.Fatalf("read %s: %v", selector, err)
	}
	return text
}

// evaluate is the value of a script; of a promise, what it resolves to.
func evaluate[T any](p page, script string) T {
	p.t.Helper()
	limit, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	value, err := chromedp.Run(limit, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return value
}
