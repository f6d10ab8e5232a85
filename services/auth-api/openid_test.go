package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"auth.books.test/internal/servicetest"
)

// relyingParty is an app made of golang.org/x/oauth2 and coreos/go-oidc, which nobody here
// wrote.
type relyingParty struct {
	*api
	config   oauth2.Config
	provider *oidc.Provider
	person   *servicetest.Person
}

// relying is an app with the scopes, and a person whose address is proved or not.
func relying(t *testing.T, scopes ...string) *relyingParty {
	t.Helper()
	a := withPages(t, func(s settings) { s["AUTH_API_SIGNING_KEY"] = servicetest.SigningKey(t, "k1") })
	a.livesHere(email)
	a.must("api", "create", "books", "--scope", "books:read")
	a.must("role", "create", "books", "reader", "--scope", "books:read")
	a.must("role", "grant", email, "books", "reader", "--unverified-email")
	made := a.printed("client", "create", "--name", "Reading List", "--grant", "authorization_code", "--grant", "refresh_token", "--audience", "books", "--redirect-uri", callback)
	provider, err := oidc.NewProvider(t.Context(), a.url)
	if err != nil {
		t.Fatal(err)
	}
	return &relyingParty{api: a, provider: provider, person: servicetest.NewPerson(t, a.url, email, password),
		config: oauth2.Config{ClientID: made.id, ClientSecret: made.secret, RedirectURL: callback, Scopes: scopes, Endpoint: provider.Endpoint()}}
}

// signIn lets the person through, and exchanges the code.
func (r *relyingParty) signIn(options ...oauth2.AuthCodeOption) *oauth2.Token {
	r.t.Helper()
	verifier := oauth2.GenerateVerifier()
	got := r.person.Code(r.config.AuthCodeURL("a state", append(options, oauth2.S256ChallengeOption(verifier))...))
	if got.Get("state") != "a state" || got.Get("iss") != r.url {
		r.t.Errorf("state %q, iss %q", got.Get("state"), got.Get("iss"))
	}
	tokens, err := r.config.Exchange(r.t.Context(), got.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		r.t.Fatal(err)
	}
	return tokens
}

// claims are those of the ID token, which go-oidc has checked.
func (r *relyingParty) claims(tokens *oauth2.Token) map[string]any {
	r.t.Helper()
	raw, _ := tokens.Extra("id_token").(string)
	token, err := r.provider.Verifier(&oidc.Config{ClientID: r.config.ClientID}).Verify(r.t.Context(), raw)
	if err != nil {
		r.t.Fatalf("%q: %v", raw, err)
	}
	if err := token.VerifyAccessToken(tokens.AccessToken); err != nil {
		r.t.Errorf("at_hash: %v", err)
	}
	claims := map[string]any{}
	if err := token.Claims(&claims); err != nil {
		r.t.Fatal(err)
	}
	return claims
}

func TestRealClientSignsPeopleInWithOpenIDConnect(t *testing.T) {
	t.Parallel()
	r := relying(t, "openid", "profile", "email", "groups", "books:read", "unknown")
	tokens := r.signIn(oidc.Nonce("n-0S6_WzA2Mj"))
	if got := strings.Fields(tokens.Extra("scope").(string)); !slices.Equal(got, []string{"books:read", "email", "groups", "openid", "profile"}) {
		t.Errorf("granted %q", got)
	}
	claims := r.claims(tokens)
	for name, want := range map[string]any{"nonce": "n-0S6_WzA2Mj", "email": email, "email_verified": false, "preferred_username": email} {
		if claims[name] != want {
			t.Errorf("%s is %v, want %v", name, claims[name], want)
		}
	}
	if groups, is := claims["groups"].([]any); !is || len(groups) != 1 || groups[0] != "books:reader" {
		t.Errorf("groups are %v", claims["groups"])
	}
	if claims["sid"] == nil || claims["azp"] != nil || claims["acr"] != nil || claims["nbf"] != nil {
		t.Errorf("claims: %v", claims)
	}
	info, err := r.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(tokens))
	if err != nil || info.Subject != claims["sub"] || info.Email != email || info.EmailVerified {
		t.Errorf("userinfo: %+v, %v", info, err)
	}
	// The token works at the API, and is dead there as soon as the person ends the app.
	credentials := r.client("books")
	if got := r.introspect(tokens.AccessToken, credentials); got.body["active"] != true || got.body["client_id"] != r.config.ClientID || got.text("scope") != "books:read" {
		t.Errorf("introspection: %s", got.raw)
	}
	own, _ := r.signInOf(email)
	listed := r.call("GET", "/v1/authorizations", own, nil)
	if listed.status != 200 || !strings.Contains(listed.raw, `"Reading List"`) {
		t.Errorf("listed: %d %s", listed.status, listed.raw)
	}
	if got := r.call("DELETE", "/v1/authorizations/"+r.config.ClientID, own, nil); got.status != 204 {
		t.Errorf("ended: %d %s", got.status, got.raw)
	}
	if got := r.introspect(tokens.AccessToken, credentials); got.body["active"] != false {
		t.Errorf("after it was ended: %s", got.raw)
	}
	if _, err := r.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(tokens)); err == nil {
		t.Error("userinfo answers with a token that was ended")
	}
}

func (r *relyingParty) signInOf(email string) (token, id string) {
	return r.api.signIn(email, password)
}

func TestRefreshedIDTokenSaysTheSameSignIn(t *testing.T) {
	t.Parallel()
	r := relying(t, "openid", "email")
	before := r.signIn(oidc.Nonce("once"))
	first := r.claims(before)
	expired := *before
	expired.Expiry = time.Now().Add(-time.Minute)
	after, err := r.config.TokenSource(t.Context(), &expired).Token()
	if err != nil || after.RefreshToken == before.RefreshToken || after.AccessToken == before.AccessToken {
		t.Fatalf("%v", err)
	}
	second := r.claims(after)
	for _, name := range []string{"sub", "aud", "auth_time", "sid", "iss", "email"} {
		if first[name] == nil || first[name] != second[name] {
			t.Errorf("%s was %v and is %v", name, first[name], second[name])
		}
	}
	if second["nonce"] != nil {
		t.Error("a refreshed ID token has a nonce")
	}
}

func TestUserInfoTakesTheTokenInThreeWays(t *testing.T) {
	t.Parallel()
	r := relying(t, "openid", "email")
	token := r.signIn().AccessToken
	header := http.Header{"Authorization": {"Bearer " + token}}
	form := url.Values{"access_token": {token}}
	for name, c := range map[string]struct {
		method string
		header http.Header
		form   url.Values
		status int
	}{
		"GET": {"GET", header, nil, 200}, "POST": {"POST", header, url.Values{}, 200}, "form": {"POST", nil, form, 200},
		"both": {"POST", header, form, 400}, "none": {"GET", nil, nil, 401}, "a dead one": {"GET", http.Header{"Authorization": {"Bearer bat_k1_abc"}}, nil, 401},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, r.url+"/oauth/userinfo", strings.NewReader(c.form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		for key, values := range c.header {
			request.Header[key] = values
		}
		if c.form != nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		response, err := r.http.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var body map[string]any
		_ = json.NewDecoder(response.Body).Decode(&body)
		_ = response.Body.Close()
		if response.StatusCode != c.status || (c.status == 200) != (body["email"] == email) {
			t.Errorf("%s: %d %v, want %d", name, response.StatusCode, body, c.status)
		}
		if challenge := response.Header.Get("WWW-Authenticate"); (c.status == 200) == strings.HasPrefix(challenge, "Bearer realm=") {
			t.Errorf("%s: WWW-Authenticate %q (RFC 6750, section 3)", name, challenge)
		}
	}
	// An API's token that was not asked for openid says nothing of the person.
	own, _ := r.signInOf(email)
	if got := r.call("GET", "/oauth/userinfo", own, nil); got.status != 403 {
		t.Errorf("without openid: %d %s", got.status, got.raw)
	}
}

func TestAppsTokenDoesNotShowTheAccountButByUserInfo(t *testing.T) {
	t.Parallel()
	r := relying(t, "openid")
	token := r.signIn().AccessToken
	if got := r.call("GET", "/v1/accounts/me", token, nil); got.status != 403 || strings.Contains(got.raw, email) {
		t.Errorf("/v1/accounts/me: %d %s", got.status, got.raw)
	}
	for _, path := range []string{"/v1/sessions", "/v1/authorizations", "/v1/accounts/me/events", "/v1/accounts/me/export"} {
		if got := r.call("GET", path, token, nil); got.status != 403 {
			t.Errorf("%s: %d %s", path, got.status, got.raw)
		}
	}
	if got := r.call("GET", "/oauth/userinfo", token, nil); got.status != 200 || strings.Contains(got.raw, email) {
		t.Errorf("userinfo: %d %s", got.status, got.raw)
	}
}

// A client reads the keys once, and trusts what they check for an hour.
func TestRotatedSigningKeyFailsNoClient(t *testing.T) {
	t.Parallel()
	r := relying(t, "openid")
	old, fresh := r.env["AUTH_API_SIGNING_KEY"], servicetest.SigningKey(t, "k2")
	r.claims(r.signIn())
	restart := func(keys string) {
		t.Helper()
		r.stop()
		r.env["AUTH_API_SIGNING_KEY"] = keys
		again := startWith(t, r.env)
		r.api.stop, r.api.log, r.api.ended, r.api.cmd = again.stop, again.log, again.ended, again.cmd
	}
	restart(old + "," + fresh) // the new key is published
	provider, err := oidc.NewProvider(t.Context(), r.url)
	if err != nil {
		t.Fatal(err)
	}
	r.provider = provider
	cached := r.claims(r.signIn())
	restart(fresh + "," + old) // and signs
	if again := r.claims(r.signIn()); again["sub"] != cached["sub"] {
		t.Errorf("%v and %v", cached, again)
	}
}

func TestDiscoveryIsTheSameWhateverHostIsAskedFor(t *testing.T) {
	t.Parallel()
	r := relying(t, "openid")
	request, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/.well-known/openid-configuration", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "evil.test"
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var got map[string]any
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got["issuer"] != r.url || response.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("issuer %v, headers %v", got["issuer"], response.Header)
	}
	for name, value := range got {
		if list, is := value.([]any); is && len(list) == 0 {
			t.Errorf("%s is empty (RFC 8414, section 3.2)", name)
		}
		if text, is := value.(string); is && strings.Contains(text, "evil") {
			t.Errorf("%s is %s", name, text)
		}
	}
	// Both documents say the same.
	other := r.call("GET", "/.well-known/oauth-authorization-server", "", nil)
	if other.body["issuer"] != got["issuer"] || len(other.body) != len(got) {
		t.Errorf("RFC 8414: %s", other.raw)
	}
}

func TestCodeIsOfNoUseTwiceAndEndsWhatItGave(t *testing.T) {
	t.Parallel()
	r := relying(t, "openid", "books:read")
	verifier := oauth2.GenerateVerifier()
	code := r.person.Code(r.config.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))).Get("code")
	// A wrong secret burns nothing: golang.org/x/oauth2 tries both ways to send one.
	wrong := r.config
	wrong.ClientSecret = "bcs_" + strings.Repeat("0", 49)
	if _, err := wrong.Exchange(t.Context(), code, oauth2.VerifierOption(verifier)); err == nil {
		t.Fatal("exchanged with a wrong secret")
	}
	tokens, err := r.config.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.config.Exchange(context.Background(), code, oauth2.VerifierOption(verifier))
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" || refused.Response.StatusCode != 400 {
		t.Errorf("the second time: %v", err)
	}
	if got := r.introspect(tokens.AccessToken, r.client("books")); got.body["active"] != false {
		t.Errorf("what it gave is alive: %s", got.raw)
	}
}
