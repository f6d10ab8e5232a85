package main_test

import (
	"context"
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
	limit, cancel := context.WithTimeout(allocator, 2*time.Minute)
	defer cancel()
	page, stopPage := chromedp.NewContext(limit)
	defer stopPage()

	step := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(page, actions...); err != nil {
			shown, _ := chromedp.Run(page, chromedp.Text(chromedp.CSS("body")))
			t.Fatalf("%s: %v\nthe page shows: %.2000s", what, err, shown)
		}
	}
	const me = "#operations-Accounts-me "
	step("open /docs", chromedp.Navigate(a.url+"/docs"), chromedp.WaitVisible(chromedp.CSS(".btn.authorize")))
	step("open the sign-in", chromedp.Click(chromedp.CSS(".btn.authorize")), chromedp.WaitVisible(chromedp.CSS("#oauth_username")))
	step("fill it in", chromedp.SendKeys(chromedp.CSS("#oauth_username"), email), chromedp.SendKeys(chromedp.CSS("#oauth_password"), password))
	step("sign in",
		chromedp.Click(chromedp.Search(`//input[@id="oauth_password"]/ancestor::div[contains(@class, "auth-container")]//button[contains(., "Authorize")]`)),
		chromedp.WaitVisible(chromedp.Search(`//button[contains(., "Logout")]`)),
		chromedp.Click(chromedp.CSS(".btn-done")))
	step("ask who I am",
		chromedp.Click(chromedp.CSS(me+".opblock-summary-control")),
		chromedp.Click(chromedp.CSS(me+".execute")),
		chromedp.WaitVisible(chromedp.CSS(me+".live-responses-table .response-col_status")))

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
