package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/cluster/clustertest"
)

// asPlatform makes this test the program itself, with these arguments.
const asPlatform = "PLATFORM_TEST_ARGUMENTS"

func TestAsTheProgram(t *testing.T) {
	if args := os.Getenv(asPlatform); args != "" {
		platform := &tool{run: clustertest.Recorded{}.Run, now: time.Now}
		if err := platform.command(strings.Split(args, "\n"), strings.NewReader(""), os.Stdout, os.Stderr).ExecuteContext(t.Context()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// onAFullDisk runs the program where no file may be longer than a kilobyte.
func onAFullDisk(t *testing.T, args ...string) (string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", `trap '' XFSZ; ulimit -f 1; exec "$0" -test.run='^TestAsTheProgram$'`, self)
	cmd.Env = append(os.Environ(), asPlatform+"="+strings.Join(args, "\n"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// state is the content of a folder, by name.
func state(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

func TestAFullDiskLeavesSealedSecretsAsTheyWere(t *testing.T) {
	t.Parallel()
	dir := clustertest.Checkout(t)
	sealed := filepath.Join(dir, "sealed-secrets", "minikube")
	before := state(t, sealed)
	for _, secret := range []string{"session-db-token-key", "auth-db-credentials"} {
		out, err := onAFullDisk(t, "rotate", "--env", "minikube", "--secret", secret, "--dir", dir)
		if err == nil || !strings.Contains(out, "file too large") {
			t.Fatalf("the disk was not full: %v, %s", err, out)
		}
		if after := state(t, sealed); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("%s changed %d files into %d", secret, len(before), len(after))
		}
	}
}

func TestAFullDiskLeavesNoHalfOfAKey(t *testing.T) {
	t.Parallel()
	dir := clustertest.Checkout(t)
	certificate, key := filepath.Join(dir, "sealed-secrets", "gke", "certificate.pem"), filepath.Join(t.TempDir(), "key.pem")
	clustertest.Remove(t, certificate)
	args := []string{"key", "--env", "gke", "--key", key, "--dir", dir}
	if out, err := onAFullDisk(t, args...); err == nil || !strings.Contains(out, "file too large") {
		t.Fatalf("the disk was not full: %v, %s", err, out)
	}
	if _, err := os.Stat(key); !os.IsNotExist(err) {
		t.Errorf("a key is left: %v", err)
	}
	if _, err := do(t, "", args...); err != nil {
		t.Errorf("once there is space: %v", err)
	}
	clustertest.Remove(t, certificate)
	if _, err := do(t, "", args...); err == nil || !strings.Contains(err.Error(), "was interrupted") {
		t.Errorf("a key without a certificate: %v", err)
	}
}
