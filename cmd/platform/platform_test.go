package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/manifest"
)

func do(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	return doWith(t, clustertest.Recorded{}, stdin, args...)
}

// doWith runs a command beside a cluster that answers as recorded.
func doWith(t *testing.T, answers clustertest.Recorded, stdin string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	platform := &tool{run: answers.Run, now: time.Now}
	err := platform.command(args, strings.NewReader(stdin), &out, &out).ExecuteContext(t.Context())
	return out.String(), err
}

func must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := do(t, stdin, args...)
	if err != nil {
		t.Fatalf("platform %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func TestSealFillsWhatTheOverlayNeedsAndShowsNothing(t *testing.T) {
	dir := clustertest.Checkout(t)
	if out, err := do(t, "", "seal", "--env", "minikube", "--dir", dir); err != nil || !strings.Contains(out, "sealed already") {
		t.Errorf("sealed anew without being asked: %v, %s", err, out)
	}
	out, err := do(t, `{"auth-db-credentials": {"password": "hush-hush-hush"}}`, "seal", "--env", "minikube", "--replace", "--stdin", "--dir", dir)
	if err != nil || strings.Contains(out, "hush") || !strings.Contains(out, "NEW VALUES for auth-api-service-key, auth-api-signing-key, auth-db-credentials") || !strings.Contains(out, "git stash push --include-untracked -- "+dir) || strings.Count(out, "sealed "+manifest.Namespace(dir, "minikube")+"/") != 9 {
		t.Errorf("%v, %s", err, out)
	}
	files, err := exec.Command("grep", "-rl", "hush", dir).CombinedOutput()
	if err == nil {
		t.Errorf("the value stands in %s", files)
	}
	if out, err := do(t, "", "doctor", "--offline", "--env", "minikube", "--dir", dir); err != nil {
		t.Errorf("after sealing: %v, %s", err, out)
	}
	clustertest.Remove(t, filepath.Join(dir, "sealed-secrets/minikube/session-db-users.yaml"))
	if _, err := do(t, "", "seal", "--env", "minikube", "--dir", dir); err == nil || !strings.Contains(err.Error(), "--replace") {
		t.Errorf("sealed a part that does not fit the rest: %v", err)
	}
	for _, bad := range []string{"", "hush-hush", `{"auth-db-credential": {"password": "hush"}}`} {
		if out, err := do(t, bad, "seal", "--env", "minikube", "--replace", "--stdin", "--dir", dir); err == nil || strings.Contains(out+err.Error(), "hush") {
			t.Errorf("%q: %v, %s", bad, err, out)
		}
	}
}

func TestRenderPrintsTheOverlay(t *testing.T) {
	out, err := do(t, "", "render", "gke", "--dir", "../..")
	if err != nil || !strings.Contains(out, "kind: HealthCheckPolicy") {
		t.Errorf("%v, %.200s", err, out)
	}
	if _, err := do(t, "", "render", "nowhere", "--dir", "../.."); err == nil {
		t.Error("rendered nowhere")
	}
}

func TestKeyIsNeverReplaced(t *testing.T) {
	dir := clustertest.Checkout(t)
	key := filepath.Join(t.TempDir(), "key.pem")
	if _, err := do(t, "", "key", "--env", "gke", "--key", key, "--dir", dir); err == nil {
		t.Error("replaced a certificate that secrets are sealed for")
	}
	clustertest.Remove(t, filepath.Join(dir, "sealed-secrets/gke/certificate.pem"))
	if out, err := do(t, "", "key", "--env", "gke", "--key", key, "--dir", dir); err != nil || !strings.Contains(out, "create secret tls") {
		t.Errorf("%v, %s", err, out)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v", err)
	}
}

func TestAnEnvironmentThatIsNotThereIsNamed(t *testing.T) {
	dir := clustertest.Checkout(t)
	for _, env := range []string{"nope", "tilt", "", "../overlays/gke", "gke/"} {
		for name, args := range map[string][]string{
			"doctor": {"doctor"}, "seal": {"seal"}, "rotate": {"rotate", "--secret", "session-db-token-key"}, "reseal": {"reseal"}, "certificate": {"certificate"}, "sync": {"sync"}, "key": {"key", "--key", filepath.Join(t.TempDir(), "key")},
		} {
			out, err := do(t, "", append(args, "--env", env, "--dir", dir)...)
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("there is no overlay %q; --env is one of %s", env, strings.Join(manifest.Environments(dir), ", "))) || out != "" {
				t.Errorf("%s --env %q: %v, %s", name, env, err, out)
			}
		}
	}
	// A copy is one.
	for _, part := range []string{"kustomize/overlays/", "sealed-secrets/"} {
		if err := os.CopyFS(filepath.Join(dir, part, "elsewhere"), os.DirFS(filepath.Join(dir, part, "gke"))); err != nil {
			t.Fatal(err)
		}
	}
	clustertest.Edit(t, filepath.Join(dir, "kustomize/overlays/elsewhere/kustomization.yaml"), "sealed-secrets/gke", "sealed-secrets/elsewhere")
	must(t, "", "seal", "--env", "elsewhere", "--replace", "--dir", dir)
}

func TestStepsOfARotationAreTakenOneByOne(t *testing.T) {
	dir := clustertest.Checkout(t)
	rotate := []string{"rotate", "--env", "minikube", "--secret", "session-db-token-key", "--dir", dir}
	if out, err := do(t, "", append(rotate, "--use", "--finish")...); err == nil {
		t.Errorf("two steps at once: %s", out)
	}
	for _, step := range [][]string{nil, {"--use"}, {"--finish"}} {
		if out := must(t, "", append(rotate, step...)...); !strings.Contains(out, "Then, in this order:\n  kubectl apply -k ") {
			t.Errorf("%v does not say what follows: %s", step, out)
		}
	}
}

func TestDoctorPrintsALineForEachProblemAndFails(t *testing.T) {
	dir := clustertest.Checkout(t)
	if out := must(t, "", "doctor", "--offline", "--env", "minikube", "--dir", dir); out != "Everything looks well.\n" {
		t.Error(out)
	}
	clustertest.Remove(t, dir, "sealed-secrets/gke/certificate.pem")
	if out, err := do(t, "", "doctor", "--env", "gke", "--dir", dir); err == nil ||
		!strings.HasPrefix(out, "there is no certificate to seal for in "+dir+"/sealed-secrets/gke: go run ./cmd/platform certificate --env gke\n") ||
		!strings.Contains(out, "\nkubectl is not on PATH, or has no current context: ") {
		t.Errorf("%v: %s", err, out)
	}
}
