package servicetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

// The main packages that tests start.
const (
	AuthAPI = "auth.books.test/services/auth-api"
	// Development is auth-api with the command that `make run` starts.
	Development = "auth.books.test/services/auth-api/dev"
)

// builds are the programs that this test binary has built, by package.
type builds struct {
	mu    sync.Mutex // guards paths, and lets one test build while the others wait
	paths map[string]string
}

// built is the one variable of the package: the tests of one binary have nothing else
// in common that could hold it.
var built builds

// Build gives the path of the program of a main package. It is built once, and with the
// race detector if the tests have it.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	built.mu.Lock()
	defer built.mu.Unlock()
	if path, found := built.paths[pkg]; found {
		return path
	}
	dir, err := devtest.Dir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.Base(pkg))
	if err := build(pkg, path); err != nil {
		t.Fatal(err)
	}
	if built.paths == nil {
		built.paths = map[string]string{}
	}
	built.paths[pkg] = path
	return path
}

// build copies a program out of Go's cache. `go run` keeps what it links there, which
// `go build` does not, so that test binaries which need the same program link it once.
func build(pkg, path string) error {
	args := []string{"run", "-buildvcs=false", "-exec", "cp"}
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, pkg, path)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", pkg, err, out)
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("build %s: %w", pkg, err)
	}
	return nil
}
