package main_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// using makes golang.org/x/oauth2 send through the client that holds answers against the
// document.
func (a *api) using() context.Context {
	return context.WithValue(a.t.Context(), oauth2.HTTPClient, a.http)
}

func TestXOAuth2DrawsTokensOfAProgram(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	books, program := a.client("books"), a.script()
	for name, style := range map[string]oauth2.AuthStyle{"found out": oauth2.AuthStyleAutoDetect, "Basic": oauth2.AuthStyleInHeader, "the form": oauth2.AuthStyleInParams} {
		c := clientcredentials.Config{ClientID: program.id, ClientSecret: program.secret, TokenURL: a.url + "/oauth/token", Scopes: []string{"books:read"}, AuthStyle: style}
		token, err := c.Token(a.using())
		if err != nil || !token.Valid() || token.Extra("scope") != "books:read" || time.Until(token.Expiry) > 15*time.Minute {
			t.Errorf("%s: %v, %v", name, token, err)
			continue
		}
		if !a.isActive(token.AccessToken, books) {
			t.Errorf("%s: the token is not alive", name)
		}
		c.ClientSecret = books.secret
		var refused *oauth2.RetrieveError
		if _, err := c.Token(a.using()); !errors.As(err, &refused) || refused.ErrorCode != "invalid_client" || refused.Response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s, another secret: %v", name, err)
		}
	}
}

// Without AuthStyle the library tries one way to authenticate and then another, with the same
// code: so it works for clients with a secret and for those without.
func TestXOAuth2SignsInAndRefreshes(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.library()
	books, ada := a.client("books"), a.person()
	for name, app := range map[string]credentials{"confidential": a.app(), "public": a.app("--public")} {
		for how, style := range map[string]oauth2.AuthStyle{"found out": oauth2.AuthStyleAutoDetect, "Basic": oauth2.AuthStyleInHeader, "the form": oauth2.AuthStyleInParams} {
			c := oauth2.Config{ClientID: app.id, ClientSecret: app.secret, RedirectURL: callback, Endpoint: oauth2.Endpoint{TokenURL: a.url + "/oauth/token", AuthStyle: style}}
			code, verifier := ada.letIn(app, "books:read offline_access")
			first, err := c.Exchange(a.using(), code, oauth2.VerifierOption(verifier))
			if err != nil || first.RefreshToken == "" || !a.isActive(first.AccessToken, books) {
				t.Errorf("%s, %s: %v, %v", name, how, first, err)
				continue
			}
			next, err := c.TokenSource(a.using(), &oauth2.Token{RefreshToken: first.RefreshToken}).Token()
			if err != nil || next.RefreshToken == first.RefreshToken || !a.isActive(next.AccessToken, books) {
				t.Errorf("%s, %s, refreshed: %v, %v", name, how, next, err)
			}
			// The same code once more ends what it gave.
			var refused *oauth2.RetrieveError
			if _, err := c.Exchange(a.using(), code, oauth2.VerifierOption(verifier)); !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" {
				t.Errorf("%s, %s, the code once more: %v", name, how, err)
			}
			if a.isActive(next.AccessToken, books) {
				t.Errorf("%s, %s: the token lives although its code was used twice", name, how)
			}
		}
	}
}
