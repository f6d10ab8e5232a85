//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

const (
	root      = "../.."
	namespace = "auth"
	image     = "localhost:5000/auth-api:dev"
)

// development names the contexts that may be changed by a test.
var development = regexp.MustCompile(`^(minikube|one-node|docker-desktop|kind-.+)$`)

func TestMain(m *testing.M) {
	out, err := exec.Command("kubectl", "config", "current-context").Output()
	current := strings.TrimSpace(string(out))
	if err != nil || !development.MatchString(current) {
		fmt.Fprintf(os.Stderr, "the current context %q is not for development: kubectl config use-context minikube\n", current)
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
		if out, err = try(nil, "apply", "-k", dir); err != nil {
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

// ready waits until everything that serves does.
func ready(t *testing.T) {
	t.Helper()
	for _, workload := range []string{"statefulset/auth-db", "statefulset/session-db", "deployment/auth-api", "deployment/helloworld"} {
		inAuth(t, "rollout", "status", workload, "--timeout=3m")
	}
	eventually(t, time.Minute, "/readyz", func() error {
		a, err := send("GET", "/readyz", "", nil)
		if err == nil && a.status != 200 {
			err = fmt.Errorf("%d %s", a.status, a.body)
		}
		return err
	})
}
