//go:build e2e

package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/manifest"
)

const traefik = "kustomize/traefik/controller"

// inTraefik is kubectl in the namespace of the controller.
func inTraefik(args ...string) (string, error) {
	return try(nil, append([]string{"--namespace", "traefik"}, args...)...)
}

// serveByTraefik brings the controller up until the test ends, unless it was there before. A test that cannot have its
// image is skipped, and says so.
func serveByTraefik(t *testing.T) {
	t.Helper()
	if out, _ := inTraefik("get", "deployment/traefik", "--ignore-not-found", "-o", "name"); out == "" {
		loadTraefik(t)
		t.Cleanup(func() { _, _ = try(nil, "delete", "--ignore-not-found", "--timeout=2m", "-k", traefik) })
		apply(t, traefik)
	}
	missing := ""
	eventually(t, 5*time.Minute, "Traefik is ready", func() error {
		out, err := inTraefik("rollout", "status", "deployment/traefik", "--timeout=5s")
		if err == nil {
			return nil
		}
		pods, _ := inTraefik("get", "pods", "-o", `jsonpath={range .items[*].status.containerStatuses[*]}{.image} {.state.waiting.reason} {.state.waiting.message}{"\n"}{end}`)
		if strings.Contains(pods, "ImagePullBackOff") || strings.Contains(pods, "ErrImageNeverPull") {
			missing = strings.TrimSpace(pods)
			return nil
		}
		return fmt.Errorf("%w: %s%s", err, out, pods)
	})
	if missing != "" {
		t.Skipf("NOT RUN: the cluster cannot get the image of Traefik; with E2E_LOAD it is made of a program traefik of that version on PATH: %s", missing)
	}
}

// loadTraefik makes the controller's image of a program of its version on PATH, by E2E_LOAD. Without either, the
// cluster pulls it.
func loadTraefik(t *testing.T) {
	t.Helper()
	program, err := exec.LookPath("traefik")
	load := os.Getenv("E2E_LOAD")
	if err != nil || load == "" {
		return
	}
	rendered, err := manifest.Render(filepath.Join(root, traefik))
	if err != nil {
		t.Fatal(err)
	}
	set, err := manifest.Parse(rendered)
	if err != nil {
		t.Fatal(err)
	}
	image := set.Deployments[0].Spec.Template.Spec.Containers[0].Image
	_, tag, _ := strings.Cut(image, ":")
	version, _, _ := strings.Cut(tag, "@")
	out, err := exec.CommandContext(t.Context(), program, "version").CombinedOutput()
	if err != nil || !regexp.MustCompile(`(?m)^Version:\s+`+regexp.QuoteMeta(version)+`$`).Match(out) {
		t.Logf("%s is not Traefik %s: %v, %s", program, version, err, out)
		return
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", load+` "$@"`, "sh", image, program)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("load %s with E2E_LOAD: %v\n%s", image, err, out)
	}
}

// forwarded is an address of this machine that leads to a port of the cluster, whatever network the cluster has.
func forwarded(t *testing.T, namespace, to, port string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "kubectl", "--namespace", namespace, "port-forward", "--address=127.0.0.1", to, ":"+port)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := regexp.MustCompile(`^Forwarding from (127\.0\.0\.1:\d+) `).FindStringSubmatch(lines.Text()); found != nil {
			return found[1]
		}
	}
	t.Fatalf("no port is forwarded: %v", lines.Err())
	return ""
}
