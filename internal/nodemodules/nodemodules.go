// Package nodemodules installs npm packages for tests: exactly those that a lock file names.
package nodemodules

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const installTimeout = 2 * time.Minute

// Install returns a folder node_modules with what package-lock.json of a folder names. It is
// kept for later runs in the user's cache. Where npm is missing or cannot install, the test is
// skipped, and says so.
func Install(t testing.TB, from string) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Skipf("SKIPPED, no npm: %s was not tried. Install Node.js and npm to run this test.", from)
	}
	lock, err := os.ReadFile(filepath.Join(from, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	cache = filepath.Join(cache, "auth-books-test")
	kept := filepath.Join(cache, fmt.Sprintf("npm-%x", sha256.Sum256(lock)))
	if _, err := os.Stat(kept); err == nil {
		return filepath.Join(kept, "node_modules")
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	// Installed beside it and renamed, so that no run sees half of it.
	made, err := os.MkdirTemp(cache, "installing-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(made) })
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(made, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = made
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, npm could not install: %s was not tried. %v\n%s", from, err, out)
	}
	if err := os.Rename(made, kept); err != nil {
		if _, other := os.Stat(kept); other != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(kept, "node_modules")
}
