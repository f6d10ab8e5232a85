package main_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/internal/mailbox"
)

const newPassword = "another engine weaves patterns"

// withMail starts auth-api with pages and a mail server, whose mails the test reads.
func withMail(t *testing.T, change ...func(settings)) (*api, *mailbox.Mailbox) {
	t.Helper()
	box, err := mailbox.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Stop() })
	return withPages(t, append([]func(settings){func(s settings) {
		openToAll(s)
		s["AUTH_API_SMTP_URL"] = box.SMTP
	}}, change...)...), box
}

// arrives waits for a mail with a subject.
func arrives(t *testing.T, box *mailbox.Mailbox, subject string, n int) (newest mailbox.Mail) {
	t.Helper()
	devtest.Eventually(t, "the mail arrives: "+subject, func() bool {
		var found []mailbox.Mail
		for _, m := range box.Mails() {
			if m.Subject == subject {
				found = append(found, m)
			}
		}
		if len(found) >= n {
			newest = found[0]
		}
		return len(found) >= n
	})
	return newest
}

var mailedCode = regexp.MustCompile(`(?m)^\s+([B-Z]{4}-[B-Z]{4})$`)

const codeSubject = "Your code for a new password"

// codeIn is the code in the nth mail with one.
func codeIn(t *testing.T, box *mailbox.Mailbox, n int) (code string, mail mailbox.Mail) {
	t.Helper()
	mail = arrives(t, box, codeSubject, n)
	found := mailedCode.FindStringSubmatch(mail.Text)
	if found == nil || !strings.Contains(mail.HTML, found[1]) {
		t.Fatalf("no code in %q", mail.Text)
	}
	return found[1], mail
}

func TestForgottenPasswordIsSetByMail(t *testing.T) {
	t.Parallel()
	a, box := withMail(t)
	token, _ := a.library()
	secret, _ := a.personal(token, "books:read")
	ask := func(email string) answer {
		return a.call("POST", "/v1/password-resets", "", map[string]string{"email": email})
	}
	asked := ask("ADA@books.test")
	a.want(asked, 202, "")
	code, mail := codeIn(t, box, 1)
	if len(mail.To) != 1 || mail.To[0] != email || !strings.Contains(mail.Text, a.url+"/reset/"+asked.text("id")) || strings.Contains(mail.Text, "/reset/"+code) {
		t.Errorf("the mail is %+v", mail)
	}
	// An unknown address is answered alike, and gets nothing.
	unknown := ask("nobody@books.test")
	a.want(unknown, 202, "")
	if strings.ReplaceAll(unknown.raw, unknown.text("id"), "") != strings.ReplaceAll(asked.raw, asked.text("id"), "") {
		t.Errorf("known: %s, unknown: %s", asked.raw, unknown.raw)
	}
	confirm := func(request answer, code, password string) answer {
		return a.call("POST", "/v1/password-resets/"+request.text("id")+"/confirmation", "", map[string]string{"code": code, "new_password": password})
	}
	a.want(confirm(unknown, code, newPassword), 403, "invalid_code")
	a.want(confirm(asked, "BCDF-GHJK", newPassword), 403, "invalid_code")
	a.want(confirm(asked, code, "short"), 422, "validation_failed")
	a.want(a.me(token), 200, "")
	a.want(confirm(asked, strings.ToLower(code), newPassword), 204, "")
	a.want(a.me(token), 401, "invalid_token")
	a.want(a.me(secret), 401, "invalid_token")
	a.want(confirm(asked, code, password), 403, "invalid_code")
	a.want(a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password}), 401, "invalid_credentials")
	token, _ = a.signIn(email, newPassword)
	if me := a.me(token); me.body["email_verified"] != true {
		t.Errorf("after the code: %s", me.raw)
	}
	arrives(t, box, "A new password was set", 1)
	for _, m := range box.Mails() {
		if m.To[0] != email {
			t.Errorf("a mail to %v", m.To)
		}
	}
	if strings.Contains(a.log.String(), code) || strings.Contains(a.dumpPostgres(), code) || strings.Contains(a.dumpEvents(), code) {
		t.Error("the code stands somewhere")
	}
	for range 4 {
		a.want(ask(email), 202, "")
	}
	for _, address := range []string{email, "nobody@books.test"} {
		for range 2 {
			if got := ask(address); address == email && got.status != 429 || got.status == 429 && got.header.Get("Retry-After") == "" {
				t.Errorf("one mail too many to %s: %d %s", address, got.status, got.raw)
			}
		}
	}
}

func TestServiceWithoutMailResetsNothing(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.want(a.call("POST", "/v1/password-resets", "", map[string]string{"email": email}), 403, "mail_not_configured")
	g := a.guest()
	if strings.Contains(g.get("/sign-in").raw, "/reset") {
		t.Error("the page offers what does not work")
	}
	g.wantPage("the page", g.get("/reset"), 403, "Nobody can reset a password here")
}

func TestForgottenPasswordIsSetOnPages(t *testing.T) {
	t.Parallel()
	a, box := withMail(t)
	a.register(email, password)
	app := a.appAt("Reading List", readingCallback, true)
	g := a.guest()
	page := g.follow(g.get(linkOf(app, readingCallback)))
	g.wantPage("sign in", page, 200, `href="/reset?request=`)
	link := regexp.MustCompile(`href="(/reset\?request=[^"]+)"`).FindStringSubmatch(page.raw)
	page = g.get(strings.ReplaceAll(link[1], "&amp;", "&"))
	g.wantPage("ask", page, 200, "Set a new password", `autocomplete="username"`)
	g.wantPage("no address", g.fill(page, "/reset", "email", "ada"), 422, "Write an e-mail address")
	sent := g.fill(page, "/reset", "email", email)
	page = g.follow(sent)
	g.wantPage("the code", page, 200, "one-time-code", "new-password")
	path := actionOf(t, page)
	code, _ := codeIn(t, box, 1)
	g.wantPage("a wrong code", g.fill(page, path, "code", "BCDF-GHJK", "new_password", newPassword), 422, "The code is wrong, too old, or was used", `value="BCDF-GHJK"`)
	g.wantPage("a weak password", g.fill(page, path, "code", code, "new_password", "short"), 422, "new_password-error")
	set := g.follow(g.fill(page, path, "code", code, "new_password", newPassword))
	g.wantPage("set", set, 200, "Your new password is set", "Sign in to Reading List")
	if _, signedIn := g.cookies["session"]; signedIn {
		t.Error("the code signed somebody in")
	}
	wantCode(t, leads(t, g.follow(g.fill(set, "/sign-in", "email", email, "password", newPassword))), readingCallback, a.url)
}

// actionOf is where the form of a page is sent.
func actionOf(t *testing.T, page answer) string {
	t.Helper()
	found := regexp.MustCompile(`action="(/reset/[^"]+)"`).FindStringSubmatch(page.raw)
	if found == nil {
		t.Fatalf("no form in %s", page.raw)
	}
	return found[1]
}

// Programs that look for bad links open every link of a mail, and some run scripts and press
// buttons.
func TestScannersSpendNothing(t *testing.T) {
	t.Parallel()
	browser(t)
	a, box := withMail(t)
	a.register(email, password)
	asked := a.call("POST", "/v1/password-resets", "", map[string]string{"email": email})
	code, mail := codeIn(t, box, 1)
	links := regexp.MustCompile(`https?://[^\s"<>]+`).FindAllString(mail.Text+mail.HTML, -1)
	if len(links) < 2 {
		t.Fatalf("links %q", links)
	}
	for _, link := range links {
		for _, method := range []string{"GET", "HEAD", "GET"} {
			r, err := http.NewRequestWithContext(t.Context(), method, link, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != 200 {
				t.Errorf("%s %s: %d", method, link, response.StatusCode)
			}
		}
	}
	p := newPage(t)
	for range 6 { // more often than a code may be missed
		p.open(links[0], "button")
		p.step("press the button", chromedp.Click(chromedp.CSS("button")), chromedp.WaitVisible(chromedp.CSS(".summary")))
	}
	a.want(a.call("POST", "/v1/password-resets/"+asked.text("id")+"/confirmation", "", map[string]string{"code": code, "new_password": newPassword}), 204, "")
}
