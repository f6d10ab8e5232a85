//go:build e2e && drill

package e2e_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const podStarts = 2 * time.Minute

func errorOf(text string) error { return errors.New(strings.TrimSpace(text)) }

// From the last release to this checkout by the commands of docs/upgrade.md, in both ways that it has.
func TestUpgradeFromTheLastReleaseSignsNobodyOut(t *testing.T) {
	if os.Getenv("E2E_LOAD") == "" {
		t.Skip("SKIPPED: E2E_LOAD is not set, so the images of the last release do not get into the cluster")
	}
	if os.Getenv("E2E_FRESH") != "1" {
		t.Skip("SKIPPED: the last release needs an empty cluster: E2E_FRESH=1 allows to remove the namespace auth with its data")
	}
	from := lastRelease(t)
	t.Logf("from %s", from)
	before := checkout(t, from)
	for _, heading := range []string{"### By rolling", "### By stopping"} {
		t.Run(heading[len("### "):], func(t *testing.T) {
			fromNothing(t)
			shell(t, before, "GOOS=linux make build")
			loadFrom(t, before)
			shell(t, before, "scripts/deploy")
			ready(t)
			d := begin(t)
			loadFrom(t, root)
			was := inAuth(t, "get", "pods", "-o", "name")
			run(t, "kustomize/overlays/minikube", page(t, heading))
			t.Logf("pods before:\n%safter the apply:\n%s", was, inAuth(t, "get", "pods"))
			old := append(pods(t, "auth-api"), pods(t, "helloworld")...)
			inAuth(t, "rollout", "restart", "deployment") // The tag of the images is the same.
			exchanged(t, "auth-api", old)
			exchanged(t, "helloworld", old)
			ready(t)
			d.end(t, from+" to this checkout, "+strings.ToLower(heading[len("### "):]))
		})
	}
}

// lastRelease is UPGRADE_FROM, else the newest tag, else, as long as there is none, the commit of sixty before this one.
func lastRelease(t *testing.T) string {
	t.Helper()
	if set := os.Getenv("UPGRADE_FROM"); set != "" {
		return set
	}
	out, err := exec.Command("git", "-C", root, "describe", "--tags", "--abbrev=0").Output()
	if err == nil {
		return strings.TrimSpace(string(out))
	}
	t.Log("there is no tag: the commit of sixty before this one stands for the last release")
	return "HEAD~60"
}

// checkout gives the files of a commit in a folder of their own.
func checkout(t *testing.T, commit string) string {
	t.Helper()
	dir := t.TempDir()
	shell(t, root, `git archive --format=tar "$0" | tar -x -C "$1"`, commit, dir)
	return dir
}

func shell(t *testing.T, dir, script string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", append([]string{"-o", "pipefail", "-ec", script}, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s%s", script, err, out, waiting())
	}
}

// loadFrom brings the services that were built in a folder into the cluster.
func loadFrom(t *testing.T, dir string) {
	t.Helper()
	images, err := ownImages()
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range images {
		name, _, _ := strings.Cut(filepath.Base(image), ":")
		binary, err := filepath.Abs(filepath.Join(dir, "bin", name))
		if err != nil {
			t.Fatal(err)
		}
		shell(t, root, os.Getenv("E2E_LOAD")+` "$0" "$1"`, image, binary)
	}
}
