package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"auth.books.test/internal/nodemodules"
)

// project is a folder with copies of files, and with the packages that the lock file in
// testdata/NAME names. It skips the test where there is no Node.js.
func project(t *testing.T, name string, files ...string) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIPPED, no %s: testdata/%s was not tried. Install Node.js and npm to run this test.", program, name)
		}
	}
	from, dir := filepath.Join("testdata", name), t.TempDir()
	for _, file := range append(files, filepath.Join(from, "package.json")) {
		copyFile(t, file, filepath.Join(dir, filepath.Base(file)))
	}
	if err := os.Symlink(nodemodules.Install(t, from), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// modern skips the test where Node.js is older than the packages take it, which Debian 12 has.
func modern(t *testing.T) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "node", "--version").Output()
	major, _, _ := strings.Cut(strings.TrimPrefix(string(out), "v"), ".")
	if n, _ := strconv.Atoi(major); err != nil || n < 20 {
		t.Skipf("SKIPPED, no Node.js 20 or newer but %q: neither relying parties nor the peer were tried.", strings.TrimSpace(string(out)))
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
