//go:build e2e

package e2e_test

import (
	"context"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/sealing"
)

// fromReadme runs commands that sealed-secrets/README.md gives, in a copy of the
// repository.
func fromReadme(t *testing.T, dir, commands string) string {
	t.Helper()
	page, err := os.ReadFile(root + "/sealed-secrets/README.md")
	if err != nil || !strings.Contains(string(page), commands) {
		t.Fatalf("the README gives other commands than\n%s\n%v", commands, err)
	}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", filepath.Join(dir, "platform"), "./cmd/platform")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	commands = strings.NewReplacer("go run ./cmd/platform", "./platform", "--env gke", "--env minikube", "sealed-secrets/gke", "sealed-secrets/minikube").Replace(commands)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-eo", "pipefail", "-c", commands)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, out)
	}
	return string(out)
}

// The controller and its keys are lost, and come back from the copy.
func TestSealingKeyIsRestoredFromItsCopy(t *testing.T) {
	dir := copyOfSecrets(t)
	fromReadme(t, dir, "kubectl -n sealed-secrets get secret -l sealedsecrets.bitnami.com/sealed-secrets-key -o yaml > keys.yaml\n")
	kubectl(t, "delete", "namespace", "sealed-secrets", "--timeout=2m")
	fromReadme(t, dir, `kubectl create namespace sealed-secrets --save-config
kubectl apply -f keys.yaml
kubectl apply -k sealed-secrets/controller
kubectl -n sealed-secrets rollout restart deployment/sealed-secrets
`)
	kubectl(t, "--namespace", "sealed-secrets", "rollout", "status", "deployment/sealed-secrets", "--timeout=2m")
	before := secret(t, "session-db-verifier", "password")
	inAuth(t, "delete", "secret", "session-db-verifier")
	eventually(t, time.Minute, "the Secret is opened again", func() error {
		_, err := try(nil, "--namespace", namespace, "get", "secret", "session-db-verifier")
		return err
	})
	if secret(t, "session-db-verifier", "password") != before {
		t.Error("another value")
	}
}

func TestSecretsAreSealedAgainForTheNewestKey(t *testing.T) {
	dir := copyOfSecrets(t)
	out := fromReadme(t, dir, "go run ./cmd/platform certificate --env gke\nkubectl -n auth get secrets -o json | go run ./cmd/platform reseal --env gke\n")
	if !strings.Contains(out, "sealed auth/auth-db-credentials\n") || strings.Contains(out, secret(t, "auth-db-credentials", "password")) {
		t.Error(out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "sealed-secrets/minikube/certificate.pem"))
	if err != nil {
		t.Fatal(err)
	}
	fetched, err := sealing.ParseCertificate(text)
	if err != nil {
		t.Fatal(err)
	}
	// The development key, or one that the controller made: it does after 30 days, or if it once started without.
	for encoded := range strings.FieldsSeq(kubectl(t, "--namespace", "sealed-secrets", "get", "secrets", "-l", "sealedsecrets.bitnami.com/sealed-secrets-key", "-o", `jsonpath={.items[*].data.tls\.crt}`)) {
		text, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if other, err := sealing.ParseCertificate(text); err != nil || other.NotBefore.After(fetched.NotBefore) {
			t.Errorf("the controller has a newer key, of %v, than %v: %v", other.NotBefore, fetched.NotBefore, err)
		}
	}
	value := secret(t, "auth-db-credentials", "password")
	t.Cleanup(func() { backToGit(t) })
	kubectl(t, "apply", "-k", filepath.Join(dir, "sealed-secrets/minikube"))
	platform(t, "sync", "--dir", dir)
	if secret(t, "auth-db-credentials", "password") != value {
		t.Error("another value")
	}
}
