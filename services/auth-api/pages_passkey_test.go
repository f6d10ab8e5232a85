package main_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"auth.books.test/internal/devstack/devtest"
)

// authenticator gives the tab a device for passkeys. It answers at once, as somebody would who
// touches it.
func (p page) authenticator() webauthn.AuthenticatorID {
	p.t.Helper()
	var id webauthn.AuthenticatorID
	send(p, "turn devices on", webauthn.Enable, webauthn.EnableParams{})
	p.step("plug a device in", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		made, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
		if err == nil {
			id = made.AuthenticatorID
		}
		return chromedp.Void{}, err
	})
	return id
}

// verifies says whether the device checks who holds it.
func (p page) verifies(id webauthn.AuthenticatorID, does bool) {
	p.t.Helper()
	send(p, fmt.Sprint("the device verifies: ", does), webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: id, IsUserVerified: does})
}

// touches says whether somebody touches the device when it asks for it.
func (p page) touches(id webauthn.AuthenticatorID, does bool) {
	p.t.Helper()
	send(p, fmt.Sprint("somebody touches the device: ", does), webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: id, Enabled: does})
}

// runsFirst runs a script in each page before its own.
func (p page) runsFirst(script string) {
	p.t.Helper()
	p.step("run a script first", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return chromedp.Void{}, err
	})
}

// credentials is how many passkeys the device has.
func (p page) credentials(id webauthn.AuthenticatorID) (n int) {
	p.t.Helper()
	p.step("look into the device", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		has, err := cdp.Call(ctx, t, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: id})
		if err == nil {
			n = len(has.Credentials)
		}
		return chromedp.Void{}, err
	})
	return n
}

const (
	passkeyButton = "form[data-passkey] button"
	// inAccount is only on the page of somebody who is signed in.
	inAccount = `a[href="/account/passkeys"]`
)

// signsInTo signs in with the password, where nothing else is asked for.
func (p page) signsInTo(a *api) {
	p.t.Helper()
	p.open(a.url+"/sign-in", "#email")
	p.types(email, password)
	p.step("be in the account", chromedp.WaitVisible(chromedp.CSS(inAccount)))
}

func (p page) signsOutOf(a *api) {
	p.t.Helper()
	p.open(a.url+"/account", "h1")
	p.step("sign out", chromedp.Click(chromedp.CSS(`form[action="/sign-out"] button`)), chromedp.WaitNotPresent(chromedp.CSS(inAccount)))
}

// addsPasskey adds the account's first passkey, under the name that the page proposes.
func (p page) addsPasskey(a *api) {
	p.t.Helper()
	p.open(a.url+"/account/passkeys", "#name")
	p.step("add a passkey", chromedp.Click(chromedp.CSS(passkeyButton)), chromedp.WaitVisible(chromedp.Search(`//h1[contains(., "Your passkey is added")]`)))
}

func TestPasskeysInABrowser(t *testing.T) {
	t.Parallel()
	browser(t)
	a := withPages(t, onLocalhost).asLocalhost()
	a.register(email, password)
	p := newPage(t)
	p.wantsNothingSaid()
	device := p.authenticator()
	p.signsInTo(a)

	p.open(a.url+"/account/passkeys", "#name")
	p.step("add a passkey", chromedp.SetValue(chromedp.CSS("#name"), "My laptop"), chromedp.Click(chromedp.CSS(passkeyButton)), chromedp.WaitVisible(chromedp.Search(`//h1[contains(., "Your passkey is added")]`)))
	if n := evaluate[int](p, `document.querySelectorAll("li code").length`); n != 10 {
		t.Errorf("%d recovery codes", n)
	}
	p.open(a.url+"/account/passkeys", "#name")
	p.step("add it again", chromedp.SetValue(chromedp.CSS("#name"), "Again"), chromedp.Click(chromedp.CSS(passkeyButton)), chromedp.WaitVisible(chromedp.Search(`//p[@role="status" and contains(., "has a passkey for your account already")]`)))

	// Autofill offers it. The device of the test takes the offer at once.
	p.signsOutOf(a)
	p.open(a.url+"/sign-in", inAccount)

	// The button signs in as well: what autofill has asked for gives way.
	p.signsOutOf(a)
	p.touches(device, false)
	p.open(a.url+"/sign-in", passkeyButton)
	p.verifies(device, false)
	p.touches(device, true)
	p.step("touch it without a finger that it knows", chromedp.Click(chromedp.CSS(passkeyButton)), chromedp.WaitVisible(chromedp.Search(`//p[@role="status" and contains(., "No passkey was used")]`)))
	p.verifies(device, true)
	p.step("and with one", chromedp.Click(chromedp.CSS(passkeyButton)), chromedp.WaitVisible(chromedp.CSS(inAccount)))

	// The password asks for the passkey.
	p.signsOutOf(a)
	p.touches(device, false)
	p.open(a.url+"/sign-in", "#email")
	p.types(email, password)
	p.step("be asked", chromedp.WaitVisible(chromedp.CSS("#code")))
	if shown := p.text("main"); !strings.Contains(shown, "Use your passkey") || strings.Contains(shown, "authenticator app") {
		t.Errorf("the account has no app: %s", shown)
	}
	p.touches(device, true)
	p.step("use the passkey after the password", chromedp.Click(chromedp.CSS(passkeyButton)), chromedp.WaitVisible(chromedp.CSS(inAccount)))

	p.open(a.url+"/account/passkeys", "#name")
	if n := p.credentials(device); n != 1 {
		t.Errorf("the device has %d passkeys", n)
	}
	p.step("remove it", chromedp.Click(chromedp.CSS(`form[action$="/end"] button`)), chromedp.WaitVisible(chromedp.Search(`//p[contains(., "The passkey is removed")]`)))
	p.signsOutOf(a)
	p.open(a.url+"/sign-in", `[role="alert"]`)
	if said := p.text(`[role="alert"]`); !strings.Contains(said, "not known here") {
		t.Errorf("one that was removed: %s", said)
	}
}

// The browser of the tests has no password manager, which would say when it can do that.
const makesPasskeysSilently = `
	PublicKeyCredential.getClientCapabilities = async () => ({ conditionalCreate: true });
	const create = navigator.credentials.create.bind(navigator.credentials);
	navigator.credentials.create = ({ mediation, ...options }) => mediation === "conditional" ? create(options) : Promise.reject(new Error("not asked silently"));`

func TestBrowserMakesAPasskeyAfterAPassword(t *testing.T) {
	t.Parallel()
	browser(t)
	a := withPages(t, onLocalhost).asLocalhost()
	a.register(email, password)
	p := newPage(t)
	p.authenticator()
	p.runsFirst(makesPasskeysSilently)
	p.signsInTo(a)
	devtest.Eventually(t, "a passkey is made", func() bool { return a.one(`SELECT count(*)::text FROM passkeys`) == "1" })
	p.open(a.url+"/account/passkeys", "#name")
	if shown := p.text("main"); !strings.Contains(shown, "Chrome on Linux") || !strings.Contains(shown, "by your browser, not used yet") || strings.Contains(shown, "Ask for a passkey") {
		t.Errorf("before it is used: %s", shown)
	}
	p.step("sign out", chromedp.Click(chromedp.CSS("header a")), chromedp.WaitVisible(chromedp.CSS(inAccount)), chromedp.Click(chromedp.CSS(`form[action="/sign-out"] button`)), chromedp.WaitNotPresent(chromedp.CSS(inAccount)))
	p.open(a.url+"/sign-in", inAccount) // autofill
	p.open(a.url+"/account/passkeys", "#name")
	p.step("have the password ask for it", chromedp.Click(chromedp.CSS(`form[action="/account/passkeys/required"] button`)), chromedp.WaitVisible(chromedp.Search(`//h1[contains(., "The second step is on")]`)))
	if got := a.call("POST", "/v1/sessions", "", map[string]string{"email": email, "password": password}); got.status != 202 {
		t.Errorf("the password alone: %d %s", got.status, got.raw)
	}
}

// A page that waits for longer than its options are good asks for new ones. Four minutes are too
// long for a test.
const hurries = `const wait = setInterval; window.setInterval = (call, time) => wait(call, Math.min(time, 500));`

func TestWaitingPageRenewsItsOptions(t *testing.T) {
	t.Parallel()
	browser(t)
	a := withPages(t, onLocalhost).asLocalhost()
	a.register(email, password)
	p := newPage(t)
	p.wantsNothingSaid()
	device := p.authenticator()
	p.runsFirst(hurries)
	p.signsInTo(a)
	p.addsPasskey(a)
	p.signsOutOf(a)
	p.touches(device, false)
	p.open(a.url+"/sign-in", passkeyButton)
	first := evaluate[string](p, `document.querySelector("[name=ceremony]").value`)
	devtest.Eventually(t, "the options are renewed", func() bool {
		return evaluate[string](p, `document.querySelector("[name=ceremony]").value`) != first
	})
	p.touches(device, true)
	p.step("be signed in by what the page has asked for since", chromedp.WaitVisible(chromedp.CSS(inAccount)))
}

// A device that still has a passkey that was removed forgets it, if others are left.
func TestDevicesForgetWhatWasRemoved(t *testing.T) {
	t.Parallel()
	browser(t)
	a := withPages(t, onLocalhost).asLocalhost()
	a.register(email, password)
	p := newPage(t)
	device := p.authenticator()
	p.signsInTo(a)
	p.addsPasskey(a)
	// The account has another device's instead.
	if _, err := a.postgres().Exec(t.Context(), `UPDATE passkeys SET credential_id = decode(repeat('07', 32), 'hex'), credential = jsonb_set(credential, '{id}', to_jsonb(encode(decode(repeat('07', 32), 'hex'), 'base64')))`); err != nil {
		t.Fatal(err)
	}
	p.open(a.url+"/account/passkeys", "#name")
	devtest.Eventually(t, "the device has forgotten it", func() bool { return p.credentials(device) == 0 })
}

func TestSecondStepAsksForWhatTheAccountHas(t *testing.T) {
	t.Parallel()
	a := withPages(t, onLocalhost).asLocalhost()
	session, _ := a.member()
	d := a.laptop()
	a.want(a.addPasskey(session, "Laptop", d), 201, "")
	asked := a.guest().signsIn()
	a.guest().wantPage("a passkey alone", asked, 200, "Use your passkey", "Recovery code", "data-passkey")
	if strings.Contains(asked.raw, "authenticator app") {
		t.Errorf("there is no app: %s", asked.raw)
	}
	a.secondFactor(a.signInWithPasskey("", d).text("access_token"))
	a.guest().wantPage("both", a.guest().signsIn(), 200, "Enter your code", "authenticator app", "data-passkey")
}

// Whoever has no script, or a browser without passkeys, has what there was before.
func TestPagesWorkWithoutPasskeys(t *testing.T) {
	t.Parallel()
	browser(t)
	a := withPages(t, onLocalhost).asLocalhost()
	a.register(email, password)
	p := newPage(t)
	p.withoutScripts()
	p.open(a.url+"/sign-in", "#email")
	p.step("see no button", chromedp.WaitNotVisible(chromedp.CSS(passkeyButton)))
	p.types(email, password)
	p.step("be in the account", chromedp.WaitVisible(chromedp.CSS(inAccount)))
	p.open(a.url+"/account/passkeys", "h1")
	p.step("read why", chromedp.WaitVisible(chromedp.Search(`//p[contains(., "needs JavaScript")]`)), chromedp.WaitNotVisible(chromedp.CSS(passkeyButton)))

	plain := withPages(t)
	g := plain.guest()
	if page := g.get("/sign-in"); page.status != 200 || len(page.header.Values("Content-Security-Policy")) != 1 || page.header.Get("Content-Security-Policy") != "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'" {
		t.Errorf("without a domain the page has a script: %v", page.header)
	}
}
