package main_test

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

const farewell = "https://reading.test/goodbye?x=1"

// leaving is a relying party to whose page people may go when they have signed out.
func leaving(t *testing.T) (r *relyingParty, hint string) {
	t.Helper()
	r = relying(t, "openid", "books:read")
	r.must("client", "set", r.config.ClientID, "--logout-uri", farewell)
	tokens := r.signIn()
	hint, _ = tokens.Extra("id_token").(string)
	return r, hint
}

func (r *relyingParty) logoutURL(pairs ...string) string {
	query := url.Values{}
	for n := 0; n < len(pairs); n += 2 {
		query.Set(pairs[n], pairs[n+1])
	}
	return r.url + "/oauth/logout?" + query.Encode()
}

// isSignedIn says whether the person's browser could sign in again without a password.
func (r *relyingParty) isSignedIn() bool {
	r.t.Helper()
	return r.person.Visit(r.config.AuthCodeURL("s", oauth2.SetAuthURLParam("prompt", "none"), oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))).Query().Get("code") != ""
}

func TestAppSignsItsPersonOut(t *testing.T) {
	t.Parallel()
	r, hint := leaving(t)
	to := r.person.Visit(r.logoutURL("id_token_hint", hint, "post_logout_redirect_uri", farewell, "state", "a b"))
	if to.String() != farewell+"&state=a+b" {
		t.Errorf("the browser goes to %s", to)
	}
	if r.isSignedIn() {
		t.Error("still signed in")
	}
	// Signing out twice leads to the app as well.
	if to := r.person.Visit(r.logoutURL("id_token_hint", hint, "post_logout_redirect_uri", farewell)); to.String() != farewell {
		t.Errorf("the second time the browser goes to %s", to)
	}
}

func TestForeignHintAsksThePersonFirst(t *testing.T) {
	t.Parallel()
	r, hint := leaving(t)
	_, older := leaving(t) // of another service
	for name, link := range map[string]string{
		"no hint": r.logoutURL("client_id", r.config.ClientID, "post_logout_redirect_uri", farewell), "of another service": r.logoutURL("id_token_hint", older),
		"rubbish": r.logoutURL("id_token_hint", "x.y.z"), "nothing": r.url + "/oauth/logout",
	} {
		if got := r.person.Look(link); !strings.Contains(got, "Sign out of") || !r.isSignedIn() {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, link := range map[string]string{
		"an address that is not registered": r.logoutURL("id_token_hint", hint, "post_logout_redirect_uri", "https://evil.test/"),
		"an address of nobody":              r.logoutURL("post_logout_redirect_uri", farewell),
		"another client":                    r.logoutURL("id_token_hint", hint, "client_id", "01a20cde-6bd3-7531-8ac9-b1636fb1cb55"),
	} {
		if got := r.person.Look(link); strings.Contains(got, "evil.test") || !r.isSignedIn() {
			t.Errorf("%s: %s", name, got)
		}
	}
	// Whoever is asked and says yes leaves by the form.
	if to := r.person.Visit(r.logoutURL("client_id", r.config.ClientID, "post_logout_redirect_uri", farewell, "state", "s")); to.String() != farewell+"&state=s" {
		t.Errorf("the browser goes to %s", to)
	}
	if r.isSignedIn() {
		t.Error("still signed in")
	}
}
