package main_test

import (
	"testing"

	"golang.org/x/oauth2"

	"auth.books.test/internal/servicetest"
)

// A browser that two people share: the app knows Grace by her ID token, and Ada is signed in.
func TestAppThatMeansSomebodyElseGetsNoCodeOfAda(t *testing.T) {
	t.Parallel()
	const grace = "grace@books.test"
	r := relying(t, "openid")
	r.livesHere(grace)
	ada := r.person
	r.person = servicetest.NewPerson(t, r.url, grace, password)
	hers, _ := r.signIn().Extra("id_token").(string)
	hint := oauth2.SetAuthURLParam("id_token_hint", hers)
	r.person = ada
	r.signIn()
	for name, options := range map[string][]oauth2.AuthCodeOption{"silently": {hint, oauth2.SetAuthURLParam("prompt", "none")}, "asked to sign in": {hint}} {
		link := r.config.AuthCodeURL("s", append(options, oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))...)
		if got := ada.Visit(link).Query(); got.Get("error") != "login_required" || got.Get("code") != "" {
			t.Errorf("Ada, %s: %v", name, got)
		}
	}
	// Grace herself gets through.
	r.person = servicetest.NewPerson(t, r.url, grace, password)
	r.signIn(hint)
}
