package main_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"auth.books.test/internal/devstack/devtest"
	"auth.books.test/verify/record"
	"auth.books.test/verify/token"
)

func TestFormsThatAreNotOursChangeNothing(t *testing.T) {
	t.Parallel()
	a := withPages(t, openToAll)
	a.register(email, password)
	g, other := a.guest(), a.guest()
	account := g.signsIn()
	other.get("/sign-in")
	form := formIn(t, account, "/sign-out")
	const media = "application/x-www-form-urlencoded"
	for name, header := range map[string]map[string]string{
		"another origin": {"Origin": "https://evil.test"}, "no origin": {}, "a sandboxed page": {"Origin": "null"}, "our host in another": {"Origin": a.url + ".evil.test"},
		"another site": {"Origin": g.origin, "Sec-Fetch-Site": "cross-site"}, "a sibling": {"Origin": g.origin, "Sec-Fetch-Site": "same-site"},
	} {
		header["Content-Type"] = media
		g.wantPage(name, g.do("POST", "/sign-out", form.Encode(), header), http.StatusBadRequest, "from another site")
	}
	for name, token := range map[string]string{
		"none": "", "made up": "s1" + strings.Repeat("A", 43), "another browser's": formIn(t, other.get("/sign-in"), "/sign-in").Get("form"), "that of a form without a session": formIn(t, g.get("/register"), "/register").Get("form"),
		"another key": "s2" + form.Get("form")[2:], "cut": form.Get("form")[:44],
	} {
		for _, path := range []string{"/sign-out", "/account/sessions/end-others", "/account/apps/01a20cde-6bd3-7531-8ac9-b1636fb1cb55/end"} {
			if got := g.send(path, url.Values{"form": {token}}); got.header.Get("Location") != "/account?notice=stale" {
				t.Errorf("%s with the token %s: %d %s", path, name, got.status, got.header.Get("Location"))
			}
		}
	}
	g.wantPage("no form", g.do("POST", "/sign-out", "{}", map[string]string{"Content-Type": "application/json", "Origin": g.origin}), http.StatusUnsupportedMediaType)
	g.wantSessions("after all that", 1)
	if got := g.do("POST", "/sign-out", form.Encode(), map[string]string{"Content-Type": media, "Sec-Fetch-Site": "same-origin", "Origin": "null"}); got.header.Get("Location") != "/signed-out" {
		t.Errorf("our own form: %d %s", got.status, got.raw)
	}
	g.wantSessions("our own form", 0)
}

// Nobody can sign a victim in to an account of their own, nor keep a session that they planted.
func TestSignInMakesANewSessionAndEndsAPlantedOne(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	a.register("eve@books.test", password)
	eve := a.guest()
	eve.follow(eve.fill(eve.get("/sign-in"), "/sign-in", "email", "eve@books.test", "password", password))
	planted := eve.cookies["auth-session"]
	victim := a.guest()
	victim.cookies["auth-session"] = planted
	page := victim.get("/sign-in?notice=again")
	victim.signsIn(page)
	if victim.cookies["auth-session"] == planted || victim.cookies["auth-session"] == "" {
		t.Error("the session is the one that was planted")
	}
	eve.wantPage("the planted one", eve.follow(eve.get("/account")), 200, "Sign in")
	victim.wantSessions("the victim's own", 1)
	// Eve's form, sent by the victim's browser.
	form := formIn(t, eve.get("/sign-in"), "/sign-in")
	form.Set("email", "eve@books.test")
	form.Set("password", password)
	before := victim.cookies["auth-session"]
	victim.wantPage("another browser's form", victim.send("/sign-in", form), 422, "This page was too old")
	if victim.cookies["auth-session"] != before {
		t.Error("the victim is signed in as Eve")
	}
}

// Otherwise whoever sends a victim their own approved request takes the victim's code.
func TestApprovalCountsForTheBrowserAndTheAccountThatWereAsked(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	a.register("eve@books.test", password)
	app := a.appAt("Reading List", readingCallback, false)
	eve, victim := a.guest(), a.guest()
	victim.signsIn()
	begun := eve.follow(eve.get(linkOf(app, readingCallback)))
	consent := eve.follow(eve.fill(begun, "/sign-in", "email", "eve@books.test", "password", password))
	sealed := formIn(t, consent, "/consent").Get("request")
	approved := eve.fill(consent, "/consent", "answer", "allow").header.Get("Location")
	for name, got := range map[string]answer{
		"the approved request": victim.get(approved), "the consent page": victim.get("/consent?request=" + sealed), "the sign-in page": victim.get("/sign-in?request=" + sealed),
		"Eve's form": victim.fill(consent, "/consent", "answer", "allow"),
	} {
		victim.wantPage(name, got, http.StatusGone, "another browser")
	}
	// The same browser, but Eve has signed in with another account meanwhile.
	eve.follow(eve.fill(eve.get("/sign-in?notice=again"), "/sign-in", "email", email, "password", password))
	got := eve.fill(consent, "/consent", "answer", "allow")
	eve.wantPage("asked anew", eve.follow(got), 200, "wants to use", email)
	eve.wantPage("approved by the other account", eve.follow(eve.get(approved)), 200, "wants to use", email)
	if n := a.count(`SELECT count(*) FROM authorization_codes`); n != 0 {
		t.Errorf("%d codes", n)
	}
}

func TestForgedScopesInAFormGrantNothing(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	app := a.appAt("Reading List", readingCallback, false)
	g := a.guest()
	page := g.signsIn(g.follow(g.get(linkOf(app, readingCallback))))
	leads(t, g.follow(g.fill(page, "/consent", "answer", "allow", "scope", "account", "scopes", "account", "redirect_uri", "https://evil.test")))
	var scopes []string
	if err := a.postgres().QueryRow(t.Context(), `SELECT scopes FROM authorization_codes`).Scan(&scopes); err != nil || fmt.Sprint(scopes) != "[openid email]" {
		t.Errorf("%v, %v", scopes, err)
	}
}

func TestFormSentTwiceIsHarmless(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	app := a.appAt("Reading List", readingCallback, false)
	g := a.guest()
	page := g.follow(g.get(linkOf(app, readingCallback)))
	consent := g.signsIn(page)
	again := g.signsIn(page)
	g.wantPage("sign in, twice", again, 200, "wants to use")
	g.wantSessions("sign in, twice", 1)
	first := wantCode(t, leads(t, g.allows(consent)), readingCallback, a.url)
	if second := wantCode(t, leads(t, g.allows(consent)), readingCallback, a.url); second != first {
		t.Error("the second consent takes the first code away")
	}
	g.wantPage("without an app, twice", g.follow(g.fill(page, "/sign-in", "email", email, "password", password, "request", "")), 200, "Your account")
	g.wantSessions("without an app, twice", 1)
	account := g.get("/account")
	g.fill(account, "/sign-out")
	if got := g.fill(account, "/sign-out"); got.header.Get("Location") != "/signed-out" {
		t.Errorf("sign out, twice: %d %s", got.status, got.header.Get("Location"))
	}
}

func TestTwoTabsBothArrive(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	const other = "https://other.test/readingCallback"
	first, second := a.appAt("Reading List", readingCallback, false), a.appAt("Other", other, true)
	g := a.guest()
	one, two := g.follow(g.get(linkOf(first, readingCallback))), g.follow(g.get(linkOf(second, other)))
	consent := g.signsIn(one)
	wantCode(t, leads(t, g.signsIn(two)), other, a.url)
	g.wantSessions("the second tab is signed in already", 1)
	wantCode(t, leads(t, g.allows(consent)), readingCallback, a.url)
}

func TestStaleFormGoesOn(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	app := a.appAt("Reading List", readingCallback, true)
	g := a.guest()
	page := g.follow(g.get(linkOf(app, readingCallback)))
	delete(g.cookies, "auth-browser")
	got := g.fill(page, "/sign-in", "email", email, "password", password)
	g.wantPage("the browser has forgotten its cookie", got, 422, "This page was too old", `value="`+email+`"`)
	g.wantPage("once more", g.signsIn(got), 200, "Your account")
	// The request is damaged, but the person can sign in.
	g = a.guest()
	got = g.fill(g.get("/sign-in"), "/sign-in", "email", email, "password", password, "request", "s1AAAA")
	g.wantPage("signed in", g.follow(got), 200, "what the app asked for is too old", email)
}

// Whatever is put where something could lead away, the browser stays.
func TestNothingLeadsElsewhere(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	app := a.appAt("Reading List", readingCallback, true)
	payloads := []string{
		"https://evil.test", "http://evil.test", "//evil.test", "///evil.test", "////evil.test", `/\evil.test`, `\\evil.test`, `\/evil.test`, "/.//evil.test", "/..//evil.test", "/%2fevil.test", "/%5cevil.test", "/\tevil.test", "/\t/evil.test",
		"\thttps://evil.test", " https://evil.test", "https:evil.test", "https:/evil.test", "https:\\\\evil.test", "javascript:alert(1)", "JavaScript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd",
		"/account@evil.test", "@evil.test", ".evil.test", "/\r\nLocation: https://evil.test", "https://reading.test@evil.test/readingCallback", "https://reading.test.evil.test/readingCallback", "https://evil.test#https://reading.test/readingCallback", readingCallback + "/../../evil", "/redirect?to=//evil.test",
	}
	stays := func(what, payload string, got answer) {
		t.Helper()
		to := got.header.Get("Location")
		u, err := url.Parse(to)
		if err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\t\r\n") || strings.Contains(to, "evil") {
			t.Errorf("%s, %q: it leads to %q", what, payload, to)
		}
		if strings.Contains(got.raw, "http-equiv") || strings.Contains(got.raw, `href="`+payload) {
			t.Errorf("%s, %q: the page leads away: %s", what, payload, got.raw)
		}
		if got.status >= 500 || got.status == 307 || got.status == 308 {
			t.Errorf("%s, %q: %d", what, payload, got.status)
		}
	}
	signedIn := a.guest()
	a.guest().signsIn() // Then there are others to end.
	account := signedIn.signsIn()
	for _, payload := range payloads {
		g, escaped := a.guest(), url.QueryEscape(payload)
		stays("redirect_uri", payload, g.get(linkOf(app, payload)))
		stays("redirect_uri of somebody signed in", payload, signedIn.get(linkOf(app, payload)))
		for _, name := range []string{"request", "posted", "notice", "return_to", "next", "redirect", "url", "continue"} {
			for _, path := range []string{"/sign-in", "/register", "/consent", "/signed-out", "/account", "/"} {
				stays(path+" "+name, payload, signedIn.get(path+"?"+name+"="+escaped))
			}
			stays("/oauth/authorize "+name, payload, signedIn.get("/oauth/authorize?"+name+"="+escaped))
		}
		form := formIn(t, g.get("/sign-in"), "/sign-in")
		for name, value := range map[string]string{"email": email, "password": wrong, "request": payload, "notice": payload, "return_to": payload, "next": payload} {
			form.Set(name, value)
		}
		stays("the form", payload, g.send("/sign-in", form))
		form = formIn(t, account, "/account/sessions/end-others")
		form.Set("request", payload)
		form.Set("answer", "allow")
		stays("the consent", payload, signedIn.send("/consent", form))
	}
}

// What people type and what signs them in is in no log and no metric.
func TestNothingOfPagesIsLogged(t *testing.T) {
	t.Parallel()
	a := withPages(t, openToAll, func(s settings) { s["AUTH_API_LOG_LEVEL"] = "debug" })
	a.register(email, password)
	app := a.appAt("Reading List", readingCallback, false)
	g := a.guest()
	page := g.follow(g.get(linkOf(app, readingCallback, "login_hint", email, "prompt", "create")))
	asked := g.fill(page, "/register", "email", "hedy@books.test")
	code := g.follow(asked)
	g.fill(code, strings.Split(asked.header.Get("Location"), "?")[0], "code", "BCDF-GHJK", "password", password)
	g.fill(g.get("/sign-in"), "/sign-in", "email", password, "password", wrong)
	consent := g.signsIn(g.get("/sign-in?request=" + formIn(t, page, "/register").Get("request")))
	to := leads(t, g.allows(consent))
	g.get("/sign-in?request=" + to.Query().Get("code") + "&password=" + url.QueryEscape(password))
	g.do("POST", "/sign-in?password="+url.QueryEscape(password), "password=%zz"+url.QueryEscape(password), map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": g.origin})
	secrets := map[string]string{
		"the password": password, "the wrong password": wrong, "the address": email, "the new address": "hedy@books.test", "the typed code": "BCDF-GHJK", "the code": to.Query().Get("code"), "the session": g.cookies["auth-session"], "the browser": g.cookies["auth-browser"], "the device": g.cookies["auth-device"],
		"the sealed request": formIn(t, consent, "/consent").Get("request"), "the token of the form": formIn(t, consent, "/consent").Get("form"), "the state": "a state",
	}
	log, metrics := a.log.String(), a.scrape()
	for _, route := range []string{"/sign-in", "/oauth/authorize", "/consent", "/register"} {
		if !strings.Contains(log, `"route":"`+route+`"`) || !strings.Contains(metrics, `route="`+route+`"`) {
			t.Errorf("%s is not in the log and in the metrics", route)
		}
	}
	dump := a.dumpPostgres() + a.dumpRedis()
	for name, secret := range secrets {
		if len(secret) < 5 {
			t.Fatalf("%s is %q", name, secret)
		}
		for _, form := range []string{secret, url.QueryEscape(secret), base64.RawURLEncoding.EncodeToString([]byte(secret)), strings.TrimPrefix(secret, "bsc_t1_")} {
			if strings.Contains(log, form) {
				t.Errorf("the log has %s", name)
			}
			if strings.Contains(metrics, form) {
				t.Errorf("the metrics have %s", name)
			}
			if strings.Contains(dump, form) && name != "the address" && name != "the new address" {
				t.Errorf("a store has %s", name)
			}
		}
	}
}

func TestAccountEndsAppsAndSignIns(t *testing.T) {
	t.Parallel()
	a := withPages(t)
	a.register(email, password)
	app := a.appAt("Reading List", readingCallback, false)
	g, phone := a.guest(), a.guest()
	phone.signsIn()
	leads(t, g.allows(g.signsIn(g.follow(g.get(linkOf(app, readingCallback))))))
	page := g.get("/account")
	g.wantPage("account", page, 200, "Reading List", "see your e-mail address", "End all others", "Where you are signed in")
	// An app that is ended is asked for again.
	page = g.follow(g.fill(page, "/account/apps/"+app+"/end"))
	g.wantPage("ended", page, 200, "It is ended", `role="status"`, "None.")
	g.wantPage("the app is asked for", g.follow(g.get(linkOf(app, readingCallback))), 200, "wants to use")
	var id string
	err := a.postgres().QueryRow(t.Context(), `SELECT id::text FROM authorizations WHERE kind = 'session' ORDER BY created_at, id LIMIT 1`).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	page = g.get("/account")
	if got := g.follow(g.fill(page, "/account/sessions/"+id+"/end")); !strings.Contains(got.raw, "It is ended") {
		t.Errorf("%d %s", got.status, got.raw)
	}
	g.wantPage("twice", g.follow(g.fill(page, "/account/sessions/"+id+"/end")), 200, "It is ended")
	phone.wantPage("the phone", phone.follow(phone.get("/account")), 200, "Sign in")
	phone.signsIn()
	page = g.get("/account")
	g.wantPage("others", g.follow(g.fill(page, "/account/sessions/end-others")), 200, "signed out everywhere else")
	phone.wantPage("the phone again", phone.follow(phone.get("/account")), 200, "Sign in")
	g.wantSessions("this one stays", 1)
}

// Whoever finds an unlocked device must not sign its owner out elsewhere.
func TestEndingOtherSignInsOnAPageNeedsARecentOne(t *testing.T) {
	t.Parallel()
	a := withPages(t, func(s settings) { s["AUTH_API_VERIFY_STRICT"] = "true" })
	a.register(email, password)
	g, phone := a.guest(), a.guest()
	phone.signsIn()
	page := g.signsIn()
	g.age()
	got := g.follow(g.fill(page, "/account/sessions/end-others"))
	g.wantPage("asked to sign in", got, 200, "For this, sign in once more", `value="`+email+`"`)
	g.wantSessions("nothing has ended", 2)
	page = g.signsIn(got)
	g.wantPage("then it goes", g.follow(g.fill(page, "/account/sessions/end-others")), 200, "signed out everywhere else")
	g.wantSessions("the others have ended", 1)
}

// age makes the sign-in of a browser an hour old.
func (g *guest) age() {
	g.t.Helper()
	ring, err := token.ParseKeyRing(tokenKey)
	if err != nil {
		g.t.Fatal(err)
	}
	cookie, err := token.ParseBrowser(g.cookies["auth-session"])
	if err != nil {
		g.t.Fatal(err)
	}
	hash, err := ring.Hash(cookie)
	if err != nil {
		g.t.Fatal(err)
	}
	client := g.redis()
	p, err := record.Decode(ring, hash, client.Get(g.t.Context(), hash.Key()).Val())
	if err != nil {
		g.t.Fatal(err)
	}
	p.AuthenticatedAt = time.Now().Add(-time.Hour)
	if err := client.Set(g.t.Context(), hash.Key(), newRecord(g.t, *p), redis.KeepTTL).Err(); err != nil {
		g.t.Fatal(err)
	}
	// The service learns of it when Redis has told its cache.
	devtest.Eventually(g.t, "an old sign-in does not suffice", func() bool { return g.get("/account/tokens").status == http.StatusSeeOther })
}
