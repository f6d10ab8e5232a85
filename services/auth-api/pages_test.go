package main_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

const readingCallback = "https://reading.test/readingCallback"

func TestAppGetsACodeAfterSignInAndConsent(t *testing.T) {
	t.Parallel()
	a := withPages(t, openToAll)
	a.register(email, password)
	app := a.appAt("Reading List", readingCallback, false)
	g := a.guest()
	page := g.follow(g.get(linkOf(app, readingCallback)))
	g.wantPage("sign in", page, 200, "Sign in to Reading List", "reading.test", `autocomplete="username"`, `autocomplete="current-password"`, `href="/register?request=`)
	page = g.signsIn(page)
	g.wantPage("consent", page, 200, "Reading List", "reading.test", "see your e-mail address", email, "Somebody else?")
	if strings.Index(page.raw, `value="deny"`) > strings.Index(page.raw, `value="allow"`) {
		t.Error("the first button lets the app in")
	}
	wantCode(t, leads(t, g.allows(page)), readingCallback, a.url)
	// Once let in, the app is not asked for again, and no form led there.
	got := g.get(linkOf(app, readingCallback))
	to, err := url.Parse(got.header.Get("Location"))
	if err != nil || got.status != http.StatusSeeOther {
		t.Fatalf("%d %v", got.status, err)
	}
	wantCode(t, to, readingCallback, a.url)
	// What is new is asked for.
	page = g.follow(g.get(linkOf(app, readingCallback, "scope", "openid email offline_access")))
	g.wantPage("a new scope", page, 200, "stay connected")
	denied := leads(t, g.follow(g.fill(page, "/consent", "answer", "deny")))
	if q := denied.Query(); q.Get("error") != "access_denied" || q.Get("state") != "a state" || q.Get("iss") != a.url || q.Get("code") != "" {
		t.Errorf("denied: %s", denied)
	}
	if g.seen[http.StatusTemporaryRedirect] || g.seen[http.StatusPermanentRedirect] || g.seen[http.StatusFound] {
		t.Errorf("statuses %v: a form could be repeated elsewhere", g.seen)
	}
}

func TestFirstPartyAppIsNotAskedForAndPromptLoginAsksOnce(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	app := a.appAt("Books", readingCallback, true)
	g := a.guest()
	wantCode(t, leads(t, g.signsIn(g.follow(g.get(linkOf(app, readingCallback))))), readingCallback, a.url)
	page := g.follow(g.get(linkOf(app, readingCallback, "prompt", "login")))
	g.wantPage("once more", page, 200, "Sign in to Books")
	wantCode(t, leads(t, g.signsIn(page)), readingCallback, a.url)
	g.wantSessions("signed in twice", 1)
	got := a.guest().get(linkOf(app, readingCallback, "prompt", "none"))
	if to := got.header.Get("Location"); got.status != http.StatusSeeOther || !strings.HasPrefix(to, readingCallback+"?error=login_required&") {
		t.Errorf("prompt=none shows %d %s", got.status, to)
	}
}

// An app that asks for a new sign-in must not sign its person out of all others.
func TestSigningInAgainKeepsTheAppsOfTheBrowser(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	app := a.appAt("Books", readingCallback, true)
	ask := func(form url.Values) answer { return a.grantAs(credentials{id: app}, form) }
	g := a.guest()
	code := wantCode(t, leads(t, g.signsIn(g.follow(g.get(linkOf(app, readingCallback))))), readingCallback, a.url)
	exchange := exchangeOf(code, challengeVerifier)
	exchange.Set("redirect_uri", readingCallback)
	tokens := ask(exchange)
	a.want(tokens, 200, "")
	before := g.copy()
	page := g.follow(g.get(linkOf(app, readingCallback, "prompt", "login")))
	wantCode(t, leads(t, g.signsIn(page)), readingCallback, a.url)
	g.wantSessions("signed in twice", 1)
	g.wantPage("the browser", g.get("/account"), 200, "Your account")
	before.wantPage("a copy of the cookie of before", before.follow(before.get("/account")), 200, "Sign in")
	tokens = ask(refreshOf(tokens.text("refresh_token")))
	a.want(tokens, 200, "")
	// The app still depends on the browser's sign-in.
	g.follow(g.fill(g.get("/account"), "/sign-out"))
	if got := ask(refreshOf(tokens.text("refresh_token"))); got.status != 400 || got.text("error") != "invalid_grant" {
		t.Errorf("after signing out: %d %s", got.status, got.raw)
	}
}

func TestScopesAreShownInTheWordsOfTheirAPI(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	a.offer("books", "editor", "books:read", "books:write")
	app := a.appAt("Books", readingCallback, false)
	a.allowBooks(app)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"books", "books:eat", "eat your books"}, "does not offer this scope"},
		{[]string{"shop", "books:read", "see your books"}, "no API with this audience"},
		{[]string{"books", "books:read", strings.Repeat("a", 121)}, "at most 120 characters"},
		{[]string{"books", "books:read", "see\nyour books"}, "one line"},
	} {
		if out, err := a.run(append([]string{"api", "describe"}, c.args...)...); err == nil || !strings.Contains(out+err.Error(), c.says) {
			t.Errorf("%q: %v %s", c.args, err, out)
		}
	}
	const words = "see which books <you> have borrowed"
	a.must("api", "describe", "books", "books:read", words)
	g := a.guest()
	g.signsIn()
	ask := func() answer {
		return g.follow(g.get(linkOf(app, readingCallback, "scope", "books:read books:write", "prompt", "consent")))
	}
	page := ask()
	g.wantPage("consent", page, 200, "It will be able to", words, "use <code>books:write</code> for you")
	if strings.Contains(page.raw, "<you>") {
		t.Error("the words are taken for HTML")
	}
	exchange := exchangeOf(wantCode(t, leads(t, g.allows(page)), readingCallback, a.url), challengeVerifier)
	exchange.Set("redirect_uri", readingCallback)
	a.want(a.grantAs(credentials{id: app}, exchange), 200, "")
	g.wantPage("the account", g.get("/account"), 200, words)
	// What an API offers no longer has no words either, when it is offered again.
	a.must("api", "set", "books", "--scope", "books:write")
	a.must("api", "set", "books", "--scope", "books:write", "--scope", "books:read")
	a.must("role", "set", "books", "editor", "--scope", "books:write", "--scope", "books:read")
	g.wantPage("without words", ask(), 200, "use <code>books:read</code> for you")
}

func TestErrorsOfAnAppsLinkStayHereUntilSignIn(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	app := a.appAt("Reading List", readingCallback, false)
	g := a.guest()
	for name, link := range map[string]string{
		"unknown app": linkOf("01a20cde-6bd3-7531-8ac9-b1636fb1cb55", readingCallback), "no app": "/oauth/authorize", "another redirect": linkOf(app, readingCallback+"/"),
		"two redirects": linkOf(app, readingCallback) + "&redirect_uri=https%3A%2F%2Fevil.test", "bad encoding": linkOf(app, readingCallback) + "&x=%zz", "no UTF-8": linkOf(app, readingCallback) + "&x=%ff",
	} {
		g.wantPage(name, g.get(link), http.StatusBadRequest, "Go to your account")
	}
	page := g.follow(g.get(linkOf(app, readingCallback, "response_type", "token")))
	g.wantPage("another error", page, 200, "Sign in")
	if to := leads(t, g.signsIn(page)); to.Query().Get("error") != "unsupported_response_type" {
		t.Errorf("the app is told %s", to)
	}
}

// A form from another site brings no cookie.
func TestPostedRequestFindsTheSession(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	app := a.appAt("Books", readingCallback, true)
	g := a.guest()
	g.signsIn()
	before := g.String()
	_, query, _ := strings.Cut(linkOf(app, readingCallback), "?")
	got := a.guest().do("POST", "/oauth/authorize", query, map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://reading.test"})
	if got.status != http.StatusSeeOther || got.header.Get("Set-Cookie") != "" {
		t.Fatalf("%d %v", got.status, got.header)
	}
	wantCode(t, leads(t, g.follow(got)), readingCallback, a.url)
	if g.String() != before {
		t.Error("the browser has other cookies now")
	}
}

func TestSignInLeadsToTheAccountAndSignOutEndsIt(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	g := a.guest()
	if got := g.get("/"); got.header.Get("Location") != "/account" {
		t.Errorf("/ leads to %q", got.header.Get("Location"))
	}
	g.wantPage("nobody is signed in", g.follow(g.get("/account")), 200, "Sign in")
	page := g.signsIn()
	g.wantPage("account", page, 200, "Your account", email, "Firefox on Linux", "this browser")
	if got := g.get("/sign-in"); got.header.Get("Location") != "/account" {
		t.Errorf("who is signed in is sent to %q", got.header.Get("Location"))
	}
	before := g.copy()
	page = g.follow(g.fill(page, "/sign-out"))
	g.wantPage("signed out", page, 200, "You are signed out")
	for name := range g.cookies {
		if name != "auth-device" {
			t.Errorf("it keeps the cookie %s", name)
		}
	}
	before.wantPage("the cookie of before", before.follow(before.get("/account")), 200, "Sign in")
	g.wantSessions("signed out", 0)
	g.signsIn()
	g.wantSessions("signed in again", 1)
}

func TestBrowserTokenIsNoBearerToken(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	token, _ := a.member()
	g := a.guest()
	g.signsIn()
	if !strings.HasPrefix(g.cookies["auth-session"], "bsc_") {
		t.Fatalf("cookies %v", g)
	}
	a.want(a.me(g.cookies["auth-session"]), 401, "invalid_token")
	g.cookies["auth-session"] = token
	g.wantPage("a bearer token in the cookie", g.follow(g.get("/account")), 200, "Sign in")
}

func TestRegisteringOnAPageTellsNothing(t *testing.T) {
	t.Parallel()
	a, box := withMail(t)
	a.register("grace@books.test", password)
	app := a.appAt("Books", readingCallback, true)
	g := a.guest()
	page := g.follow(g.get(linkOf(app, readingCallback, "prompt", "create")))
	g.wantPage("register", page, 200, "Register", "Send the code", `autocomplete="username"`)
	g.wantPage("no address", g.fill(page, "/register", "email", "ada"), 422, "Write an e-mail address", `value="ada"`)
	known := g.fill(page, "/register", "email", "GRACE@books.test")
	asked := g.fill(page, "/register", "email", email)
	for _, got := range []answer{known, asked} {
		g.wantPage("asked", g.follow(got), 200, "A mail is on its way. If the address is new here", "one-time-code", "At least 15 characters", `autocomplete="new-password"`)
	}
	id := regexp.MustCompile(`^/register/[0-9a-f-]{36}\?`)
	if to := asked.header.Get("Location"); !id.MatchString(to) || id.ReplaceAllString(to, "") != id.ReplaceAllString(known.header.Get("Location"), "") {
		t.Errorf("new leads to %v, known to %v", to, known.header)
	}
	code := mailedCode.FindStringSubmatch(arrives(t, box, registrationSubject, 1).Text)[1]
	page = g.follow(asked)
	action, _, _ := strings.Cut(asked.header.Get("Location"), "?")
	got := g.fill(page, action, "code", code, "password", "short")
	g.wantPage("a short password", got, 422, "Use at least 15 characters", `aria-invalid="true"`, `aria-describedby="password-hint password-error"`, `href="#password"`, "<title>Error: ")
	g.wantPage("a wrong code", g.fill(page, action, "code", "BCDF-GHJK", "password", password), 422, "The code is wrong, too old, or was used")
	page = g.follow(g.fill(page, action, "code", code, "password", password))
	g.wantPage("made", page, 200, "Your account is there", "Sign in to Books")
	wantCode(t, leads(t, g.signsIn(page)), readingCallback, a.url)
	if strings.Contains(got.raw, "short") {
		t.Error("the password is in the page")
	}
}

func TestClosedRegistrationSaysSo(t *testing.T) {
	t.Parallel()
	a := withPages(t, func(s settings) { s["AUTH_API_REGISTRATION"] = "closed" })
	g := a.guest()
	page := g.get("/sign-in")
	if strings.Contains(page.raw, "/register") {
		t.Error("it is offered")
	}
	g.wantPage("closed", g.get("/register"), 403, "Nobody can register here")
	form := formIn(t, page, "/sign-in")
	form.Set("email", email)
	form.Set("password", password)
	g.wantPage("sent all the same", g.send("/register", form), 403, "Nobody can register here")
	if n := a.count("SELECT count(*) FROM accounts"); n != 0 {
		t.Errorf("%d accounts", n)
	}
}

func TestMistakesAreSaidAndWhatWasTypedStays(t *testing.T) {
	t.Parallel()
	var postgres *devtest.Proxy
	a := withPages(t, limited, func(s settings) {
		postgres = devtest.NewProxy(t, s["AUTH_DB_URL"])
		s["AUTH_DB_URL"] = postgres.URL
	})
	a.register(email, password)
	a.register("grace@books.test", password)
	a.must("account", "disable", "grace@books.test")
	g := a.guest()
	page := g.get("/sign-in")
	typed := `value="` + email + `"`
	try := func(email, password string) answer {
		return g.fill(page, "/sign-in", "email", email, "password", password)
	}
	g.wantPage("no address", try("ada", password), 422, "Write an e-mail address", `value="ada"`, `role="alert"`, "autofocus")
	g.wantPage("disabled", try("grace@books.test", password), 403, "This account is disabled. Ask whoever runs Books.")
	got := try(email, wrong)
	g.wantPage("a wrong password", got, 422, "The e-mail address or the password is wrong", typed)
	for range 20 {
		if got.status == http.StatusTooManyRequests {
			break
		}
		got = try(email, wrong)
	}
	g.wantPage("too many", got, 429, "There were too many attempts. Try again in ", typed)
	if got.header.Get("Retry-After") == "" || strings.Contains(got.raw, "few seconds") {
		t.Errorf("%v %s", got.header, got.raw)
	}
	postgres.Cut()
	got = try("eve@books.test", password)
	g.wantPage("no store", got, 503, "Nothing is wrong with what you did", `value="eve@books.test"`)
	if got.header.Get("Retry-After") == "" {
		t.Errorf("%v", got.header)
	}
	if strings.Contains(got.raw, password) {
		t.Error("the password is in the page")
	}
}

// What every page has, whoever asks for it.
func TestPagesAreSmallAndStrict(t *testing.T) {
	t.Parallel()
	a := withPages(t, func(s settings) { s["AUTH_API_NAME"], s["AUTH_API_ACCENT"] = `Bücher & "Co" <b>`, "#C0FFEE" })
	a.register(email, password)
	app := a.appAt("<script>alert(1)</script>", readingCallback, false)
	g := a.guest()
	signIn := g.follow(g.get(linkOf(app, readingCallback)))
	consent := g.signsIn(signIn)
	link := regexp.MustCompile(`<link rel="stylesheet" href="(/pages\.[0-9a-f]{16}\.css)">`).FindStringSubmatch(signIn.raw)
	if link == nil {
		t.Fatalf("no style sheet: %s", signIn.raw)
	}
	sheet := g.get(link[1])
	if sheet.status != 200 || len(sheet.raw) > 10_000 || !strings.Contains(sheet.raw, "--accent:#c0ffee") || sheet.header.Get("Content-Type") != "text/css; charset=utf-8" ||
		!strings.Contains(sheet.header.Get("Cache-Control"), "immutable") || strings.Contains(sheet.raw, "@import") || strings.Contains(sheet.raw, "url(") {
		t.Errorf("the style sheet: %d %v, %d bytes", sheet.status, sheet.header, len(sheet.raw))
	}
	for name, page := range map[string]answer{
		"sign in": signIn, "consent": consent, "register": g.get("/register"), "account": g.get("/account"), "signed out": g.get("/signed-out"),
		"an error": g.get("/oauth/authorize"), "another method": g.do("PUT", "/sign-in", "", nil), "too much": g.send("/sign-in", url.Values{"email": {strings.Repeat("a", 9000)}}), "leave": g.allows(consent),
	} {
		policy := page.header.Get("Content-Security-Policy")
		if policy != "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'" || page.header.Get("X-Frame-Options") != "DENY" ||
			page.header.Get("Cache-Control") != "no-store" || page.header.Get("X-Content-Type-Options") != "nosniff" || page.header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %v", name, page.header)
		}
		if len(page.raw) > 12_000 || len(page.raw) < 500 || strings.Contains(page.raw, "<script") || strings.Contains(page.raw, "style=") || strings.Contains(page.raw, "<style") || strings.Contains(page.raw, "<b>") ||
			!strings.HasPrefix(page.raw, `<!doctype html><html lang="en">`) || strings.Count(page.raw, "<h1>") != 1 || strings.Count(page.raw, "<main>") != 1 {
			t.Errorf("%s: %d bytes: %s", name, len(page.raw), page.raw)
		}
	}
}

func TestPagesByHTTPElsewhereSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		issuer, insecure string
		prefix           string
	}{
		{"http://auth.books.test", "", ""}, {"http://auth.books.test", "true", "auth-"}, {"https://auth.books.test", "", "__Host-"}, {"http://localhost:8000", "", "auth-"},
	} {
		a := start(t, func(s settings) {
			s["AUTH_API_ISSUER"] = c.issuer
			if c.insecure != "" {
				s["AUTH_API_INSECURE_COOKIES"] = c.insecure
			}
		})
		a.register(email, password)
		g := a.guest()
		if c.prefix == "" {
			for _, path := range []string{"/sign-in", "/account", "/oauth/authorize", "/consent", "/register", "/signed-out"} {
				got := g.get(path)
				g.wantPage(path, got, http.StatusBadRequest, "AUTH_API_INSECURE_COOKIES=true")
				if got.header.Get("Set-Cookie") != "" {
					t.Errorf("%s sets a cookie", path)
				}
			}
			continue
		}
		page := g.get("/sign-in")
		got := g.fill(page, "/sign-in", "email", email, "password", password)
		set := append(page.header.Values("Set-Cookie"), got.header.Values("Set-Cookie")...)
		if len(set) != 3 {
			t.Fatalf("%s: %q", c.issuer, set)
		}
		for _, cookie := range set {
			secure := strings.Contains(cookie, "; secure")
			if !strings.HasPrefix(cookie, c.prefix) || !strings.Contains(cookie, "; HttpOnly") || !strings.Contains(cookie, "; SameSite=Lax") || !strings.Contains(cookie, "; path=/") ||
				!strings.Contains(cookie, "max-age=") || strings.Contains(cookie, "domain") || secure != (c.prefix == "__Host-") {
				t.Errorf("%s: %s", c.issuer, cookie)
			}
		}
		g.wantPage("account", g.follow(got), 200, "Your account")
	}
}

func TestThereAreNoPagesWithoutAnIssuer(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, path := range []string{"/", "/sign-in", "/account", "/oauth/authorize", "/consent", "/register"} {
		a.want(a.call("GET", path, "", nil), 404, "route_not_found")
	}
}

// What an app asks for travels in URLs, which have to fit into the header of a request.
func TestLongLinksArriveOrAreSaidToBeTooLong(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	app := a.appAt("Books", readingCallback, true)
	g := a.guest()
	to := leads(t, g.signsIn(g.follow(g.get(linkOf(app, readingCallback, "state", strings.Repeat("a", 1024), "nonce", strings.Repeat("b", 1024), "login_hint", email)))))
	if to.Query().Get("state") != strings.Repeat("a", 1024) || to.Query().Get("code") == "" {
		t.Errorf("it leads to %s", to)
	}
	g = a.guest()
	g.wantPage("too long", g.get(linkOf(app, readingCallback, "state", strings.Repeat("<", 1024))), http.StatusBadRequest, "too long")
}

// Nobody knows which page a request wanted that could not be read, so that programs must be
// able to read the answer.
func TestRequestThatCannotBeReadIsNoPage(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	got := a.wire("GET", "GET /v1/sessions HTTP/1.1\r\nHost: x\r\nX-Large: "+strings.Repeat("x", 9000)+"\r\n\r\n")
	if got.status != 431 || got.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v", got.status, got.header)
	}
}
