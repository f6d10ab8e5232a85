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
	before := checkout(t, from)
	shell(t, before, "GOOS=linux make build")
	t.Cleanup(func() {
		loadFrom(t, root, "dev")
		shell(t, root, "scripts/deploy")
		inAuth(t, "scale", "deployment/auth-api", "--replicas=1") // of which no overlay says anything, unlike the page
	})
	for _, heading := range []string{"### By rolling", "### By stopping"} {
		t.Run(heading[len("### "):], func(t *testing.T) {
			fromNothing(t)
			loadFrom(t, before, "dev")
			shell(t, before, "scripts/deploy")
			ready(t)
			d := begin(t)
			// As a release does, this one has images of another tag.
			tags := "images:\n"
			for _, image := range loadFrom(t, root, "next") {
				tags += "  - {name: " + image + ", newTag: next}\n"
			}
			stores := inAuth(t, "get", "pods", "auth-db-0", "session-db-0", "-o", "jsonpath={.items[*].metadata.uid}")
			run(t, with(t, "minikube", tags), page(t, heading))
			ready(t)
			d.end(t, from+" to this checkout, "+strings.ToLower(heading[len("### "):]))
			if inAuth(t, "get", "pods", "auth-db-0", "session-db-0", "-o", "jsonpath={.items[*].metadata.uid}") != stores {
				t.Log("a store was started anew: its settings differ")
			}
			eventually(t, time.Minute, "no pod has an image of before", func() error {
				if out := inAuth(t, "get", "pods", "-o", "jsonpath={.items[*].spec.containers[*].image}"); strings.Contains(out, ":dev") {
					return errorOf(out)
				}
				return nil
			})
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
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // also when the test has ended
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", append([]string{"-o", "pipefail", "-ec", script}, args...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s%s", script, err, out, waiting())
	}
}

// loadFrom brings the services that were built in a folder into the cluster, and gives their images' names.
func loadFrom(t *testing.T, dir, tag string) (names []string) {
	t.Helper()
	images, err := ownImages()
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range images {
		name := strings.TrimSuffix(image, ":dev")
		binary, err := filepath.Abs(filepath.Join(dir, "bin", filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		shell(t, root, os.Getenv("E2E_LOAD")+` "$0" "$1"`, name+":"+tag, binary)
		names = append(names, name)
	}
	return names
}
