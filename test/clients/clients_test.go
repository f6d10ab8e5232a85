package clients_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	// What Go clients that are generated need; it stands in go.mod because of this.
	_ "github.com/oapi-codegen/runtime"
)

func TestAGoClientOfTheDocumentWorks(t *testing.T) {
	t.Parallel()
	s := serve(t)
	// A module of its own, with this one's versions: what is generated is not committed.
	dir := t.TempDir()
	for from, to := range map[string]string{"../../go.mod": "go.mod", "../../go.sum": "go.sum", "testdata/go/journey.go": "journey.go"} {
		copyFile(t, from, filepath.Join(dir, to))
	}
	for _, document := range []string{"/openapi.json", "/openapi-3.0.json"} {
		s.save(t, document, filepath.Join(dir, "openapi.json"))
		run(t, ".", nil, "go", "tool", "oapi-codegen", "-config", "testdata/go/oapi-codegen.yaml", "-o", filepath.Join(dir, "client.gen.go"), filepath.Join(dir, "openapi.json"))
		run(t, dir, nil, "go", "vet", ".")
	}
	run(t, dir, s.client(t), "go", "run", "-buildvcs=false", ".")
}

func TestATypeScriptClientOfTheDocumentWorks(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIPPED, no %s: the TypeScript client was not tried. Install Node.js and npm to run this test.", program)
		}
	}
	s := serve(t)
	dir, modules := t.TempDir(), installed(t)
	for _, name := range []string{"package.json", "tsconfig.json", "journey.ts"} {
		copyFile(t, filepath.Join("testdata/typescript", name), filepath.Join(dir, name))
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	s.save(t, "/openapi.json", filepath.Join(dir, "openapi.json"))
	run(t, dir, nil, "node", filepath.Join(modules, "openapi-typescript/bin/cli.js"), "openapi.json", "-o", "api.d.ts")
	run(t, dir, nil, "node", filepath.Join(modules, "typescript/bin/tsc"), "-p", ".")
	run(t, dir, s.client(t), "node", "out/journey.js")
}

// installed is a folder node_modules with what the lock file names. It is kept for
// later runs in the user's cache.
func installed(t *testing.T) string {
	t.Helper()
	lock, err := os.ReadFile("testdata/typescript/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	cache = filepath.Join(cache, "auth-books-test")
	kept := filepath.Join(cache, fmt.Sprintf("clients-%x", sha256.Sum256(lock)))
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
		copyFile(t, filepath.Join("testdata/typescript", name), filepath.Join(made, name))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = made
	if out, err := install.CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, npm could not install: the TypeScript client was not tried. %v\n%s", err, out)
	}
	if err := os.Rename(made, kept); err != nil {
		if _, other := os.Stat(kept); other != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(kept, "node_modules")
}

// run runs a command to its end; what it prints is told if it fails.
func run(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
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

var printed = regexp.MustCompile(`(?m)^id     (\S+)\nsecret (bcs_\S+)$`)
