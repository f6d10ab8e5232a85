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

// builds are the programs that this test binary has built.
type builds struct {
	mu    sync.Mutex // guards paths, and lets one test build while the others wait
	paths map[program]string
}

// program is a main package, and how it is built.
type program struct {
	pkg  string
	race bool
}

// built is the one variable of the package: the tests of one binary have nothing else
// in common that could hold it.
var built builds

// Build gives the path of the program of a main package. It is built once, and with the
// race detector if the tests have it.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	return built.path(t, program{pkg, raceEnabled})
}

// buildCommand is Build for commands that end by themselves. They do one thing after the
// other, and the race detector makes the start of a program take six times as long.
func buildCommand(t testing.TB, pkg string) string {
	t.Helper()
	return built.path(t, program{pkg, false})
}

func (b *builds) path(t testing.TB, p program) string {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if path, found := b.paths[p]; found {
		return path
	}
	dir, err := devtest.Dir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.Base(p.pkg))
	if p.race {
		path += ".race"
	}
	if err := build(p, path); err != nil {
		t.Fatal(err)
	}
	if b.paths == nil {
		b.paths = map[program]string{}
	}
	b.paths[p] = path
	return path
}

// build copies a program out of Go's cache. `go run` keeps what it links there, which
// `go build` does not, so that test binaries which need the same program link it once.
func build(p program, path string) error {
	args := []string{"run", "-buildvcs=false", "-exec", "cp"}
	if p.race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, p.pkg, path)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", p.pkg, err, out)
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("build %s: %w", p.pkg, err)
	}
	return nil
}
