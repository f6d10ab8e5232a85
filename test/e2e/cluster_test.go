//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"auth.books.test/internal/development"
)

const (
	root      = "../.."
	namespace = "auth"
)

func TestMain(m *testing.M) {
	out, err := exec.Command("kubectl", "config", "current-context").Output()
	current := strings.TrimSpace(string(out))
	if err != nil || !development.IsContext(current) {
		fmt.Fprintf(os.Stderr, "the current context %q is not for development: kubectl config use-context minikube\n", current)
		os.Exit(1)
	}
	// Minikube's node ports are at an address of its own.
	if out, err := exec.Command("minikube", "ip").Output(); err == nil && current == "minikube" && os.Getenv("E2E_NODE") == "" {
		_ = os.Setenv("E2E_NODE", strings.TrimSpace(string(out)))
	}
	if err := loadImages(current); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// kubectl runs a command and gives what it prints.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := try(nil, args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func try(stdin []byte, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kubectl", args...)
	cmd.Dir = root
	if stdin != nil {
		cmd.Stdin = bytes.NewReader(stdin)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// inAuth is kubectl in the namespace of the platform.
func inAuth(t *testing.T, args ...string) string {
	t.Helper()
	return kubectl(t, append([]string{"--namespace", namespace}, args...)...)
}

// apply applies a kustomization, again while the API server does not know a kind
// yet, which takes a moment after its definition.
func apply(t *testing.T, dir string) (out string) {
	t.Helper()
	eventually(t, time.Minute, "kubectl apply -k "+dir, func() (err error) {
		if out, err = try(nil, "apply", "--validate=strict", "-k", dir); err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	})
	return out
}

func eventually(t *testing.T, limit time.Duration, what string, try func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	t.Fatalf("not within %v: %s: %v", limit, what, err)
}

// with is an overlay with something added, until the test ends.
func with(t *testing.T, overlay, added string) string {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Join(root, "kustomize", "overlays"), "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	kustomization := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: auth\nresources: [../" + overlay + "]\n" + added
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(kustomization), 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Join("kustomize/overlays", filepath.Base(dir))
}

// applyWith applies the overlay with something added, and without it in the end.
func applyWith(t *testing.T, added string) {
	t.Helper()
	dir := with(t, "minikube", added)
	more, plain := objects(t, dir), objects(t, "kustomize/overlays/minikube")
	t.Cleanup(func() {
		apply(t, "kustomize/overlays/minikube")
		ready(t)
		for name, document := range more {
			if plain[name] == "" {
				_, _ = try([]byte(document), "delete", "--ignore-not-found", "--wait=false", "-f", "-")
			}
		}
	})
	apply(t, dir)
}

// objects are what a kustomization renders to, by kind and name.
func objects(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for document := range strings.SplitSeq(kubectl(t, "kustomize", dir), "\n---\n") {
		var o struct {
			Kind     string
			Metadata struct{ Name string }
		}
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			t.Fatal(err)
		}
		all[o.Kind+" "+o.Metadata.Name] = document
	}
	return all
}

// ready waits until everything that serves does.
func ready(t *testing.T) {
	t.Helper()
	services := strings.Fields(inAuth(t, "get", "deployments", "--output=name"))
	for _, workload := range append([]string{"statefulset/auth-db", "statefulset/session-db"}, services...) {
		eventually(t, 3*time.Minute, workload, func() error {
			out, err := try(nil, "--namespace", namespace, "rollout", "status", workload, "--timeout=5s")
			if err != nil {
				imagesAreThere(t)
				err = fmt.Errorf("%w: %s%s", err, out, waiting())
			}
			return err
		})
	}
	eventually(t, time.Minute, "/readyz", func() error {
		a, err := send("GET", "/readyz", "", nil)
		if err == nil && a.status != 200 {
			err = fmt.Errorf("%d %s", a.status, a.body)
		}
		return err
	})
}

// waiting says what containers wait for: NAME IMAGE REASON MESSAGE, each in a line.
func waiting() string {
	out, _ := try(nil, "--namespace", namespace, "get", "pods", "-o",
		`jsonpath={range .items[*]}{range .status.containerStatuses[?(@.state.waiting)]}{.name} {.image} {.state.waiting.reason} {.state.waiting.message}{"\n"}{end}{end}`)
	return out
}

func imagesAreThere(t *testing.T) {
	t.Helper()
	if missing := missingImage(); missing != "" {
		t.Fatal(missing)
	}
}

// missingImage says what to do about an image that the cluster does not get.
func missingImage() string {
	for line := range strings.Lines(waiting()) {
		for _, reason := range []string{"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull"} {
			if fields := strings.Fields(line); len(fields) > 2 && fields[2] == reason {
				return fmt.Sprintf("IMAGE MISSING: the cluster has no %s and cannot pull it. Set E2E_LOAD to a command that is given an image's name and a binary for it, or put it into the cluster by hand.", fields[1])
			}
		}
	}
	return ""
}
