package development_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"auth.books.test/internal/runlock"
)

// checkout is a repository with our Makefile and programs that are quick to build.
type checkout struct {
	t   *testing.T
	dir string
	env []string
}

// stub prints how it was built and called.
const stub = "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nvar version, commit string\n\n" +
	"func main() { fmt.Println(\"stub\", version, commit, os.Args[1:]) }\n"

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	c := &checkout{t: t, dir: t.TempDir()}
	home := t.TempDir() // without git's settings
	goEnv, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	places := strings.Fields(string(goEnv))
	c.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GOCACHE=" + places[0], "GOMODCACHE=" + places[1], "GOPROXY=off"}
	for _, name := range []string{"Makefile", "go.mod", "go.sum", "scripts", "cmd/clean", "internal/runlock"} {
		c.copy(name)
	}
	for _, name := range []string{"services/auth-api", "services/auth-api/dev", "services/another", "cmd/watch"} {
		file := filepath.Join(c.dir, name, "main.go")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(stub), 0o600); err != nil {
			t.Fatal(err)
		}
		// The mark of a service.
		if filepath.Dir(name) == "services" {
			if err := os.WriteFile(filepath.Join(filepath.Dir(file), "Dockerfile"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "--all"},
		{"-c", "user.name=Ada", "-c", "user.email=ada@books.test", "commit", "--quiet", "--message=all"}, {"tag", "v7.8.9"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Env = c.dir, c.env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	return c
}

func (c *checkout) copy(name string) {
	c.t.Helper()
	info, err := os.Stat(filepath.Join(root, name))
	if err != nil {
		c.t.Fatal(err)
	}
	if info.IsDir() {
		err = os.CopyFS(filepath.Join(c.dir, name), os.DirFS(filepath.Join(root, name)))
	} else {
		var b []byte
		if b, err = os.ReadFile(filepath.Join(root, name)); err == nil {
			err = os.WriteFile(filepath.Join(c.dir, name), b, 0o600)
		}
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// belongToAnother gives the checkout to another user, or, where only root may do
// that, lets git believe that it is another's.
func (c *checkout) belongToAnother() {
	c.t.Helper()
	if os.Geteuid() != 0 {
		c.env = append(c.env, "GIT_TEST_ASSUME_DIFFERENT_OWNER=1")
		return
	}
	if out, err := exec.Command("chown", "-R", "65534:65534", c.dir).CombinedOutput(); err != nil {
		c.t.Fatalf("chown: %v: %s", err, out)
	}
}

func (c *checkout) run(name string, args ...string) (string, error) {
	cmd := exec.CommandContext(c.t.Context(), name, args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestACloneThatBelongsToAnotherUserBuildsAndRuns(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.belongToAnother()
	if out, err := c.run("git", "status"); err == nil || !strings.Contains(out, "dubious ownership") {
		t.Fatalf("git does not mind: %v, %s", err, out)
	}
	for _, target := range []string{"run", "watch", "build"} {
		out, err := c.run("make", target)
		if err != nil {
			t.Errorf("make %s: %v: %s", target, err, out)
		}
		if target != "build" && (!strings.Contains(out, "stub") || !strings.Contains(out, "building auth-api")) {
			t.Errorf("make %s says %s", target, out)
		}
	}
	if out, err := c.run("bin/auth-api"); err != nil || !regexp.MustCompile(`^stub v7\.8\.9 [0-9a-f]{40} `).MatchString(out) {
		t.Errorf("the program has another version: %v, %s", err, out)
	}
	if out, err := c.run("make", "clean"); err != nil {
		t.Errorf("make clean: %v: %s", err, out)
	}
	for _, gone := range []string{".dev", "bin"} {
		if _, err := os.Stat(filepath.Join(c.dir, gone)); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
}

// A directory without a history, such as an unpacked archive.
func TestAnArchiveBuilds(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	if err := os.RemoveAll(filepath.Join(c.dir, ".git")); err != nil {
		t.Fatal(err)
	}
	if out, err := c.run("make", "build"); err != nil {
		t.Fatalf("make build: %v: %s", err, out)
	}
	if out, err := c.run("bin/another"); err != nil || !strings.HasPrefix(out, "stub unknown unknown ") {
		t.Errorf("%v, %s", err, out)
	}
}

func TestMakeCleanRemovesNothingOfARun(t *testing.T) {
	t.Parallel()
	for _, held := range []string{".dev", ".dev/watch"} {
		t.Run(held, func(t *testing.T) {
			t.Parallel()
			c := newCheckout(t)
			lock, err := runlock.Acquire(filepath.Join(c.dir, held))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(lock.Release)
			precious := filepath.Join(c.dir, ".dev", "precious")
			for _, file := range []string{precious, filepath.Join(c.dir, ".dev", "lock")} {
				if err := os.WriteFile(file, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := c.run("make", "clean")
			if err == nil || !strings.Contains(out, held+": another run uses it (process "+strconv.Itoa(os.Getpid())+")") {
				t.Errorf("make clean: %v: %s", err, out)
			}
			if _, err := os.Stat(precious); err != nil {
				t.Errorf("it was removed: %v", err)
			}
			if another, err := runlock.Acquire(filepath.Join(c.dir, held)); err == nil {
				another.Release()
				t.Error("the lock was taken away")
			}
			lock.Release()
			if out, err := c.run("make", "clean"); err != nil {
				t.Errorf("once it is free: %v: %s", err, out)
			}
			if _, err := os.Stat(filepath.Join(c.dir, ".dev")); !os.IsNotExist(err) {
				t.Errorf("still there: %v", err)
			}
		})
	}
}

// Whoever builds a program asks git for nothing: it fails in another user's clone.
func TestNoBuildAsksGit(t *testing.T) {
	t.Parallel()
	building := regexp.MustCompile(`^[^"]*go (build|run) |"go", "(build|run)"|\[\]string\{"(build|run)", "(-|\./)`)
	files := []string{"Makefile", "Tiltfile", "scripts/test-cluster", "internal/watch/watch.go", "test/bench/stack.go"}
	for _, pattern := range []string{"services/*/harness_test.go", "test/*/*_test.go", "internal/*/*_test.go"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range found {
			name, err := filepath.Rel(root, f)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, name)
		}
	}
	seen := 0
	for _, name := range files {
		if name == filepath.Join("internal", "development", "makefile_test.go") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			command := strings.TrimSpace(line)
			if !building.MatchString(command) || strings.HasPrefix(command, "//") || strings.HasPrefix(command, "#") {
				continue
			}
			seen++
			if !strings.Contains(command, "-buildvcs=false") {
				t.Errorf("%s: %s", name, command)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d builds were found", seen)
	}
}
