package main_test

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser finds Chromium, or skips.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("SKIPPED, no Chromium: /docs was not tried in a browser. Install chromium to run this test.")
	return ""
}

func TestDocsSignInWorksInABrowser(t *testing.T) {
	t.Parallel()
	path := browser(t)
	a := start(t, func(s settings) { s["AUTH_API_PASSWORD_GRANT"] = "true" })
	a.register(email, password)

	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 2400),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true))...)
	defer stopAllocator()
	page, stopPage := chromedp.NewContext(allocator)
	defer stopPage()
	if err := chromedp.Do(page); err != nil {
		t.Fatalf("start the browser: %v", err)
	}

	step := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		limit, cancel := context.WithTimeout(page, time.Minute)
		defer cancel()
		if err := chromedp.Do(limit, actions...); err != nil {
			soon, cancel := context.WithTimeout(page, 5*time.Second)
			defer cancel()
			shown, why := chromedp.Run(soon, chromedp.Text(chromedp.CSS("body")))
			t.Fatalf("%s: %v\nthe page shows: %.2000s (%v)", what, err, shown, why)
		}
	}
	// The page unfolds slowly, and forgets a press that comes before it has
	// resolved the operation: so press, and again, as a person would.
	press := func(selector, until string) {
		t.Helper()
		step("press "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
		limit, cancel := context.WithTimeout(page, time.Minute)
		defer cancel()
		script := fmt.Sprintf(`(async () => {
			while (!document.querySelector(%[2]q)) {
				document.querySelector(%[1]q)?.click();
				await new Promise(done => setTimeout(done, 500));
			}
			return true;
		})()`, selector, until)
		if _, err := chromedp.Run(limit, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise)); err != nil {
			t.Fatalf("press %s until there is %s: %v", selector, until, err)
		}
	}
	const me = "#operations-Accounts-me "
	step("open /docs", chromedp.Navigate(a.url+"/docs"), chromedp.WaitVisible(chromedp.CSS(".btn.authorize")))
	press(".btn.authorize", "#oauth_username")
	step("fill it in", chromedp.SendKeys(chromedp.CSS("#oauth_username"), email), chromedp.SendKeys(chromedp.CSS("#oauth_password"), password))
	step("sign in",
		chromedp.Click(chromedp.Search(`//input[@id="oauth_password"]/ancestor::div[contains(@class, "auth-container")]//button[contains(., "Authorize")]`)),
		chromedp.WaitVisible(chromedp.Search(`//button[contains(., "Logout")]`)))
	step("close it", chromedp.Click(chromedp.CSS(".btn-done")), chromedp.WaitNotPresent(chromedp.CSS(".btn-done")))
	press(me+".opblock-summary-control", me+".execute")
	press(me+".execute", me+".live-responses-table .response-col_status")

	answer, err := chromedp.Run(page, chromedp.Text(chromedp.CSS(me+".live-responses-table")))
	if err != nil || !strings.Contains(answer, "200") || !strings.Contains(answer, email) {
		t.Errorf("%v, the page shows:\n%s", err, answer)
	}
	// Offline means that nothing is asked of anybody else.
	asked, err := chromedp.Run(page, chromedp.Evaluate[[]string](`performance.getEntriesByType("resource").map(r => r.name)`))
	if err != nil || len(asked) == 0 {
		t.Errorf("what the page asked for: %v, %v", asked, err)
	}
	for _, url := range asked {
		if !strings.HasPrefix(url, a.url+"/") && !strings.HasPrefix(url, "data:") {
			t.Errorf("the page asked %s", url)
		}
	}
}
