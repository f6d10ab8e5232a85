package oauth_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"auth.books.test/services/auth-api/internal/fault"
	"auth.books.test/services/auth-api/internal/oauth"
)

func TestWrongClientOrRedirectStaysHere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	disabled := w.register("disabled_at = now()")
	for name, c := range map[string]struct {
		params oauth.Params
		code   fault.Code
	}{
		"no client":          {w.params("client_id", ""), fault.ClientNotFound},
		"unknown client":     {w.params("client_id", "01a20cde-60c7-7b5a-afaa-bf4c69d1787c"), fault.ClientNotFound},
		"no id":              {w.params("client_id", "reading"), fault.ClientNotFound},
		"the id in capitals": {w.params("client_id", strings.ToUpper(w.app.String())), fault.ClientNotFound},
		"disabled":           {w.params("client_id", disabled.String()), fault.ClientNotFound},
		"two clients":        {oauth.Params{"client_id": {w.app.String(), w.app.String()}}, fault.MalformedRequest},
		"two redirects":      {oauth.Params{"client_id": {w.app.String()}, "redirect_uri": {callback, callback}}, fault.MalformedRequest},
	} {
		_, err := w.Begin(t.Context(), c.params)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	for _, uri := range []string{
		callback + "/", callback + "?", callback + "#", callback + "/..", callback + "%2f", callback + "?x=1", "https://reading.example:443/callback", "https://READING.example/callback",
		"https://reading.example/Callback", "https://reading.example/callback/../callback", "https://reading.example//callback", "https://reading.example/callback;x", "http://reading.example/callback",
		"https://reading.example.evil.test/callback", "https://reading.example@evil.test/callback", "https://evil.test/https://reading.example/callback", "https://evil.test#@reading.example/callback",
		"//reading.example/callback", "https:reading.example/callback", "https:/reading.example/callback", "https:\\\\reading.example/callback", " " + callback, callback + " ", callback + "\n", callback + "\x00",
		"https://reading.example/callback%00", "https://reading.example/callback%0d%0a", "javascript:alert(1)", "data:text/html,x", "https://reading.example\\@evil.test/callback",
		"https://reading.example%2eevil.test/callback", "https://evil.test/callback", "http://127.0.0.1/callback", "http://localhost/callback", "org.example.app:/callback", "https://reading.example/",
		"https://reading.example", "https://sub.reading.example/callback", "https://reading.exampl\u0435/callback", "",
	} {
		p := w.params("redirect_uri", uri, "scope", "openid")
		if _, err := w.Begin(t.Context(), p); fault.CodeOf(err) != fault.MalformedRequest {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

func TestPortOfANativeClientIsFreeOnItsDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	registered := []string{"http://127.0.0.1/cb", "http://[::1]:1234/cb", "http://localhost/cb?x=1", "org.example.app:/cb"}
	native := w.register("native = true, redirect_uris = $2", registered)
	web := w.register("redirect_uris = $2", registered[:3])
	for uri, allowed := range map[string]bool{
		"http://127.0.0.1/cb": true, "http://127.0.0.1:51004/cb": true, "http://127.0.0.1:1/cb": true, "http://[::1]:51004/cb": true, "http://[::1]/cb": true, "http://localhost:8085/cb?x=1": true, "org.example.app:/cb": true,
		"http://localhost:8085/cb": false, "http://127.0.0.1:51004/other": false, "https://127.0.0.1:51004/cb": false, "http://127.0.0.2:51004/cb": false, "http://127.0.0.1:/cb": false, "http://127.0.0.1:x/cb": false,
		"http://127.0.0.1.evil.test:80/cb": false, "http://127.0.0.1:80@evil.test/cb": false, "http://127.0.0.1:123456/cb": false, "http://user@127.0.0.1:80/cb": false, "org.example.app:51004/cb": false, "http://[::1]:80.evil.test/cb": false,
	} {
		for name, id := range map[string]bool{native.String(): true, web.String(): false} {
			_, err := w.Begin(t.Context(), w.params("client_id", name, "redirect_uri", uri))
			want := allowed && (id || uri == registered[0])
			if (err == nil) != want {
				t.Errorf("%s, native %v: %v", uri, id, err)
			}
		}
	}
}

func TestWhatIsWrongWithARequestIsToldAfterSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	programs := w.register("grants = '{client_credentials}', authentication = 'client_secret', secret_hashes = ARRAY[sha256('x')]")
	for name, c := range map[string]struct {
		params oauth.Params
		err    string
	}{
		"no response type":       {w.params("response_type", ""), "invalid_request"},
		"implicit":               {w.params("response_type", "token"), "unsupported_response_type"},
		"hybrid":                 {w.params("response_type", "code id_token"), "unsupported_response_type"},
		"fragment":               {w.params("response_mode", "fragment"), "invalid_request"},
		"no PKCE":                {w.params("code_challenge", "", "code_challenge_method", ""), "invalid_request"},
		"plain":                  {w.params("code_challenge_method", "plain"), "invalid_request"},
		"no method, means plain": {w.params("code_challenge_method", ""), "invalid_request"},
		"method alone":           {w.params("code_challenge", ""), "invalid_request"},
		"short challenge":        {w.params("code_challenge", challenge[1:]), "invalid_request"},
		"long challenge":         {w.params("code_challenge", challenge+"A"), "invalid_request"},
		"padded challenge":       {w.params("code_challenge", challenge+"="), "invalid_request"},
		"repeated scope":         {with(w.params(), "scope", "a", "b"), "invalid_request"},
		"repeated state":         {with(w.params(), "state", "a", "b"), "invalid_request"},
		"repeated unknown":       {with(w.params(), "foo", "a", "b"), "invalid_request"},
		"bad scope":              {w.params("scope", "books:\"read"), "invalid_scope"},
		"no scope that there is": {w.params("scope", "films:watch nothing"), "invalid_scope"},
		"request object":         {w.params("request", "eyJ"), "request_not_supported"},
		"unknown prompt":         {w.params("prompt", "nag"), "invalid_request"},
		"none with login":        {w.params("prompt", "none login"), "invalid_request"},
		"max_age of words":       {w.params("max_age", "soon"), "invalid_request"},
		"negative max_age":       {w.params("max_age", "-1"), "invalid_request"},
		"another API":            {with(w.params(), "resource", "films"), "invalid_target"},
		"a long nonce":           {w.params("nonce", strings.Repeat("n", 2000)), "invalid_request"},
		"a grant it has not":     {w.params("client_id", programs.String()), "unauthorized_client"},
	} {
		r := w.begin(c.params)
		if n := w.next(r, oauth.Person{}); n.Step != oauth.SignIn && r.Asks(oauth.PromptNone) == false {
			t.Errorf("%s: a stranger is sent to %s %s", name, n.Step, n.Location)
		}
		got := w.arrived(w.next(r, w.person))
		if got.Get("error") != c.err || got.Get("code") != "" || got.Get("error_description") == "" {
			t.Errorf("%s: %v, want %s", name, got, c.err)
		}
	}
}

func with(p oauth.Params, name string, values ...string) oauth.Params {
	p[name] = values
	return p
}

func TestExemptClientNeedsNoPKCEAndPublicOnesAreNeverExempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.app = w.register("pkce_exempt = true, authentication = 'client_secret', secret_hashes = ARRAY[sha256('x')]")
	code := w.code("code_challenge", "", "code_challenge_method", "")
	tokens, err := w.Exchange(t.Context(), oauth.Exchange{App: w.read(w.app), Code: code, RedirectURI: callback})
	if err != nil || !w.live(tokens) {
		t.Errorf("without PKCE: %v", err)
	}
	// Somebody has stripped the challenge from the request of a client that uses PKCE (RFC
	// 9700, section 4.8.2).
	stripped := w.code("code_challenge", "", "code_challenge_method", "")
	_, err = w.exchange(stripped)
	wantCode(t, err, fault.InvalidGrant)
	if _, err := w.DB.Exec(t.Context(), `UPDATE clients SET pkce_exempt = true WHERE authentication = 'none'`); err == nil {
		t.Error("a public client was exempted")
	}
}

// The person must see all that the app will get.
func TestPersonIsAskedForWhatTheAppCanGetAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.books()
	for asked, c := range map[string]struct{ shown, granted []string }{
		"":                             {[]string{"books:read", "books:write"}, []string{"books:read", "books:write"}},
		"books:read":                   {[]string{"books:read"}, []string{"books:read"}},
		"openid films:watch nothing":   {[]string{"openid"}, []string{"openid"}},
		"email books:read films:watch": {[]string{"email", "books:read"}, []string{"books:read", "email"}},
	} {
		r := w.begin(w.params("scope", asked, "prompt", "consent"))
		n := w.next(r, w.person)
		if n.Step != oauth.Consent || !slices.Equal(n.Scopes, c.shown) {
			t.Errorf("%q: %s %q, want %q", asked, n.Step, n.Scopes, c.shown)
		}
		r.ApprovedIn = w.person.Session
		if tokens := w.mustExchange(w.arrived(w.next(r, w.person)).Get("code")); !slices.Equal(tokens.Scopes, c.granted) {
			t.Errorf("%q: granted %q, want %q", asked, tokens.Scopes, c.granted)
		}
	}
	// An API that begins to offer something later gives it to nobody who was not asked.
	w.SQL(`UPDATE apis SET scopes = '{}'`)
	r := w.begin(w.params("scope", ""))
	w.SQL(`UPDATE apis SET scopes = '{books:read,books:write}'`)
	r.ApprovedIn = w.person.Session
	if tokens := w.mustExchange(w.arrived(w.next(r, w.person)).Get("code")); len(tokens.Scopes) != 0 {
		t.Errorf("granted %q, of which nobody was told", tokens.Scopes)
	}
}

const multiFactor = "http://schemas.openid.net/pape/policies/2007/06/multi-factor"

func TestPromptAndMaxAgeAskOnceAndNoneAsksNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.app = w.register("first_party = true")
	for name, c := range map[string]struct {
		params oauth.Params
		before oauth.Step // for who signed in before the request
		none   string     // what prompt=none says to a stranger
	}{
		"nothing":        {w.params(), oauth.Return, "login_required"},
		"login":          {w.params("prompt", "login"), oauth.SignIn, ""},
		"create":         {w.params("prompt", "create"), oauth.Register, ""},
		"consent":        {w.params("prompt", "consent"), oauth.Consent, ""},
		"select_account": {w.params("prompt", "select_account"), oauth.Consent, ""},
		"max_age 0":      {w.params("max_age", "0"), oauth.SignIn, "login_required"},
		"max_age later":  {w.params("max_age", "3600"), oauth.Return, "login_required"},
		"hint of other":  {w.params("login_hint", "grace@books.test"), oauth.Consent, "login_required"},
		"hint of self":   {w.params("login_hint", "ADA@books.test"), oauth.Return, "login_required"},
	} {
		r := w.begin(c.params)
		if n := w.next(r, w.person); n.Step != c.before {
			t.Errorf("%s, signed in before: %s, want %s", name, n.Step, c.before)
		}
		after := w.signIn()
		elsewhere := after // In another tab, of whose sign-in the request knows nothing.
		elsewhere.AuthenticatedAt = elsewhere.AuthenticatedAt.Add(time.Second)
		if n := w.next(r, elsewhere); n.Step == oauth.SignIn || n.Step == oauth.Register {
			t.Errorf("%s, signed in elsewhere since: %s", name, n.Step)
		}
		r = w.begin(c.params)
		r.SignedIn = after.Session
		n := w.next(r, after)
		if n.Step == oauth.Consent {
			r.ApprovedIn = after.Session
			n = w.next(r, after)
		}
		if n.Step != oauth.Return || w.arrived(n).Get("code") == "" {
			t.Errorf("%s, signed in since: %s %s", name, n.Step, n.Location)
		}
		if c.none != "" {
			silent := w.begin(with(c.params, "prompt", "none"))
			if got := w.arrived(w.next(silent, oauth.Person{})); got.Get("error") != c.none {
				t.Errorf("%s, prompt=none: %v", name, got)
			}
		}
	}
	r := w.begin(w.params("max_age", "60"))
	old := w.person
	old.AuthenticatedAt = old.AuthenticatedAt.Add(-time.Hour)
	if n := w.next(r, old); n.Step != oauth.SignIn {
		t.Errorf("an hour after max_age=60: %s", n.Step)
	}
	strong := w.person
	strong.AuthenticatedBy = []string{"pwd", "otp", "mfa"}
	for name, c := range map[string]struct {
		who   oauth.Person
		class string
		step  oauth.Step
	}{
		"a password":               {w.person, multiFactor, oauth.SignIn},
		"a password, and a choice": {w.person, "urn:other " + multiFactor, oauth.SignIn},
		"two factors":              {strong, multiFactor, oauth.Return},
		"an unknown class":         {w.person, "urn:other", oauth.Return},
	} {
		if n := w.next(w.begin(w.params("acr_values", c.class)), c.who); n.Step != c.step {
			t.Errorf("acr_values, %s: %s", name, n.Step)
		}
	}
	// Who has just signed in and has no second factor cannot do more.
	unmet := w.begin(w.params("acr_values", multiFactor))
	unmet.SignedIn = w.person.Session
	if got := w.arrived(w.next(unmet, w.person)); got.Get("error") != "unmet_authentication_requirements" || got.Get("code") != "" {
		t.Errorf("acr_values, after a sign-in with a password: %v", got)
	}
	unmet.Prompts = []oauth.Prompt{oauth.PromptNone}
	if got := w.arrived(w.next(unmet, w.person)); got.Get("error") != "unmet_authentication_requirements" {
		t.Errorf("acr_values and prompt=none, after it: %v", got)
	}
	weak := w.begin(w.params("acr_values", multiFactor, "prompt", "none"))
	if got := w.arrived(w.next(weak, w.person)); got.Get("error") != "login_required" {
		t.Errorf("acr_values and prompt=none: %v", got)
	}
	silent := w.begin(w.params("prompt", "none", "login_hint", "grace@books.test"))
	if got := w.arrived(w.next(silent, w.person)); got.Get("error") != "account_selection_required" || got.Get("code") != "" {
		t.Errorf("a hint of somebody else and prompt=none: %v", got)
	}
}

func TestConsentIsAskedForWhatIsNewAndOnEveryDevice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(who oauth.Person, changes ...string) oauth.Step {
		return w.next(w.begin(w.params(changes...)), who).Step
	}
	if step := ask(w.person); step != oauth.Consent {
		t.Fatalf("first: %s", step)
	}
	if got := w.arrived(w.next(w.begin(w.params("prompt", "none")), w.person)); got.Get("error") != "consent_required" {
		t.Errorf("prompt=none: %v", got)
	}
	w.code()
	if step := ask(w.person); step != oauth.Return {
		t.Errorf("the same again: %s", step)
	}
	if step := ask(w.person, "scope", "books:read email"); step != oauth.Consent {
		t.Errorf("one scope more: %s", step)
	}
	w.code("scope", "email")
	if step := ask(w.person, "scope", "books:read email"); step != oauth.Return {
		t.Errorf("both, one after the other: %s", step)
	}
	// Any program of the device could take the answer.
	w.app = w.register("native = true, first_party = true, redirect_uris = '{http://127.0.0.1/cb,org.example.app:/cb}'")
	for _, uri := range []string{"http://127.0.0.1:5000/cb", "org.example.app:/cb"} {
		if step := ask(w.person, "redirect_uri", uri); step != oauth.Consent {
			t.Errorf("first-party app at %s: %s", uri, step)
		}
	}
}

func TestApprovalCountsOnlyInTheSessionThatWasAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.begin(w.params())
	r.ApprovedIn = w.signIn().Session
	if n := w.next(r, w.person); n.Step != oauth.Consent {
		t.Errorf("approved in another session: %s", n.Step)
	}
}

func TestSealedRequestIsOfOneBrowserForAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.begin(w.params("state", "se cret", "nonce", "n"))
	sealed, err := w.Seal(r, browser)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(sealed), "se cret") {
		t.Error("the sealed request shows its state")
	}
	opened, err := w.Open(sealed, browser)
	if err != nil || opened.State != r.State || opened.ID != r.ID || opened.Challenge != r.Challenge || opened.MaxAge != r.MaxAge {
		t.Errorf("%+v, %v", opened, err)
	}
	for name, bad := range map[string][2]string{
		"another browser": {string(sealed), "another"}, "no browser": {string(sealed), ""}, "empty": {"", browser}, "changed": {string(sealed[:len(sealed)-2]) + "AA", browser},
		"of another key": {"zz" + string(sealed[2:]), browser}, "no base64": {string(sealed) + "!", browser}, "short": {string(sealed[:6]), browser},
	} {
		if _, err := w.Open(oauth.Sealed(bad[0]), bad[1]); fault.CodeOf(err) != fault.RequestExpired {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.Clock.Move(59 * time.Minute)
	if _, err := w.Open(sealed, browser); err != nil {
		t.Errorf("after 59 minutes: %v", err)
	}
	w.Clock.Move(2 * time.Minute)
	_, err = w.Open(sealed, browser)
	wantCode(t, err, fault.RequestExpired)
}

func TestAnswerIsAppendedToTheRedirectURI(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for uri, want := range map[string]string{
		callback + "?a=b%20c&d": callback + "?a=b%20c&d&code=", callback + "?": callback + "?code=", callback: callback + "?code=",
	} {
		w.app = w.register("first_party = true, redirect_uris = $2", []string{uri})
		n := w.next(w.begin(w.params("redirect_uri", uri, "state", "a&b=c d")), w.person)
		if !strings.HasPrefix(n.Location, want) || strings.Count(n.Location, "state=a%26b%3Dc+d") != 1 {
			t.Errorf("%s: %s", uri, n.Location)
		}
	}
}
