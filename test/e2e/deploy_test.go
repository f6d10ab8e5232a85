//go:build e2e

package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// fromNothing removes what an earlier run left, with its data, if E2E_FRESH allows it.
func fromNothing(t *testing.T) {
	t.Helper()
	if _, err := try(nil, "get", "namespace", namespace); err != nil {
		return
	}
	if os.Getenv("E2E_FRESH") != "1" {
		t.Log("NOT FROM NOTHING: the namespace auth was there; E2E_FRESH=1 removes it first, with its data")
		return
	}
	kubectl(t, "delete", "namespace", namespace, "sealed-secrets", "--ignore-not-found", "--timeout=3m")
	kubectl(t, "delete", "persistentvolume", "auth-db", "session-db", "--ignore-not-found", "--timeout=1m")
	const wipe = `{"spec": {"containers": [{"name": "wipe", "image": "busybox:1.36", "command": ["rm", "-rf", "/data/auth-db", "/data/session-db"], "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
		"volumes": [{"name": "data", "hostPath": {"path": "/data", "type": "DirectoryOrCreate"}}]}}`
	kubectl(t, "--namespace", "default", "run", "e2e-wipe", "--image=busybox:1.36", "--restart=Never", "--overrides="+wipe)
	defer kubectl(t, "--namespace", "default", "delete", "pod", "e2e-wipe")
	kubectl(t, "--namespace", "default", "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/e2e-wipe", "--timeout=1m")
}

// deploy does what scripts/minikube-up does once there is a cluster, and ends early
// if an image is missing.
func deploy(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "scripts/deploy")
	cmd.Dir = root
	// Not every cluster can get Traefik's image: TestIngressServesBothHosts says so.
	cmd.Env = append(os.Environ(), "WITHOUT_INGRESS=1")
	done := make(chan struct{})
	var missing string
	go func() {
		for missing == "" {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Second):
			}
			if missing = missingImage(); missing != "" {
				cancel()
			}
		}
	}()
	out, err := cmd.CombinedOutput()
	close(done)
	if err != nil {
		t.Fatalf("scripts/deploy: %v\n%s%s%s", err, out, waiting(), missing)
	}
	return string(out)
}

func TestMinikubeOverlayComesUpFromNothing(t *testing.T) {
	fromNothing(t)
	began := time.Now()
	out := deploy(t)
	ready(t)
	t.Logf("ready after %v", time.Since(began).Round(time.Second))
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "Warning") {
			t.Errorf("applied with a warning: %s", line)
		}
	}
	for _, name := range []string{"auth-db-credentials", "auth-db-service", "auth-db-users", "session-db-credentials", "session-db-users", "session-db-token-key", "session-db-verifier", "auth-api-service-key"} {
		inAuth(t, "get", "secret", name)
	}
	admitted(t, namespace, kubectl(t, "kustomize", "kustomize/overlays/minikube"))
}

func TestSecondApplyChangesNothing(t *testing.T) {
	// Counts the changes of what is wanted. kubectl says "configured" of every
	// StatefulSet with claims, since the API server fills the claims' fields in.
	generations := func() string {
		return inAuth(t, "get", "deployments,statefulsets,services,networkpolicies,ingresses", "-o", "jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.generation}{\"\\n\"}{end}")
	}
	before := generations()
	out := apply(t, "kustomize/overlays/minikube")
	if after := generations(); after != before {
		t.Errorf("before:\n%safter:\n%s", before, after)
	}
	for line := range strings.Lines(out) {
		// The Job goes when it is done, and comes again.
		if strings.HasSuffix(line, "unchanged\n") || strings.HasPrefix(line, "job.batch/schema ") || strings.HasPrefix(line, "statefulset.apps/") {
			continue
		}
		t.Errorf("changed: %s", line)
	}
	ready(t)
}

// Right after an apply the cluster is as git says. The Job goes when it is done, and would come again.
func TestDiffIsEmptyAfterAnApply(t *testing.T) {
	apply(t, "kustomize/overlays/minikube")
	out, _ := try(nil, "diff", "-k", "kustomize/overlays/minikube") // ends with 1 where something differs
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "diff ") && !strings.Contains(line, "batch.v1.Job.auth.schema") {
			t.Errorf("differs: %s\n%s", line, out)
		}
	}
	if strings.Contains(out, "rror") {
		t.Error(out)
	}
}
