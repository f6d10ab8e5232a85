//go:build apps

package apps_test

import (
	"context"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"auth.books.test/internal/servicetest"
)

// The API server itself is not run: what it authenticates people by is.
func TestKubernetesTakesTheIDTokenForItsGroups(t *testing.T) {
	s, front := serveTLS(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "authenticate")
	run(t, "testdata/kubernetes", []string{"GOFLAGS="}, "go", "build", "-buildvcs=false", "-o", program, ".")
	page := sectionOf(t, "Kubernetes")
	id, _ := s.register(page.registers())

	// kubelogin opens a browser, and takes the code on a port of the device.
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, front.Client())
	app := oauth2.Config{ClientID: id, RedirectURL: "http://localhost:8000", Scopes: []string{"openid", "groups"},
		Endpoint: oauth2.Endpoint{AuthURL: s.issuer + "/oauth/authorize", TokenURL: s.issuer + "/oauth/token", AuthStyle: oauth2.AuthStyleInParams}}
	verifier := oauth2.GenerateVerifier()
	person := servicetest.NewPerson(t, s.issuer, email, password)
	person.Trust(front.Certificate())
	tokens, err := app.Exchange(ctx, person.Code(app.AuthCodeURL("a state", oauth2.S256ChallengeOption(verifier))).Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	idToken, _ := tokens.Extra("id_token").(string)

	authority := "      certificateAuthority: |\n"
	for line := range strings.Lines(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw}))) {
		authority += "        " + line
	}
	config := strings.NewReplacer("https://auth.books.test", s.issuer, "[ID]", "["+id+"]").Replace(page.block("yaml"))
	config = strings.Replace(config, "    claimMappings:", authority+"    claimMappings:", 1)
	file := filepath.Join(dir, "authentication.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	authenticate := func(token string) (string, error) {
		cmd := exec.CommandContext(t.Context(), program, file)
		cmd.Stdin = strings.NewReader(token)
		out, err := cmd.CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	if who, err := authenticate(idToken); err != nil || !strings.HasPrefix(who, "books:") || !strings.HasSuffix(who, " books:books:reader") {
		t.Errorf("%s, %v", who, err)
	}
	if who, err := authenticate(tokens.AccessToken); err == nil {
		t.Errorf("an access token passes for %s", who)
	}
	// Changed after it was signed.
	if who, err := authenticate(idToken[:len(idToken)-4] + "AAAA"); err == nil {
		t.Errorf("a forged token passes for %s", who)
	}
}
