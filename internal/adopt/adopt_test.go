package adopt_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/adopt"
	"auth.books.test/internal/cluster"
	"auth.books.test/internal/cluster/clustertest"
)

// plan is of a machine that reaches no cluster.
func plan(dir, keys string, to adopt.Names) adopt.Plan {
	nobody := func(context.Context, ...string) ([]byte, error) { return nil, os.ErrNotExist }
	return adopt.Plan{Dir: dir, To: to, Keys: keys, Cluster: func(env string) cluster.Cluster {
		return cluster.Cluster{Dir: dir, Env: env, Run: nobody, Now: time.Now}
	}}
}

// The names are odd ones: an underscore, a path of three parts, punycode, a port. The
// second adoption begins with names that differ from each other, unlike the sample's.
func TestCloneTakesOtherNamesAndItsSecretsAreNew(t *testing.T) {
	t.Parallel()
	dir, keys := clustertest.Clone(t), filepath.Join(t.TempDir(), "keys")
	// A service that the sample does not have takes the domain like the others.
	for name, text := range map[string]string{"Dockerfile": "FROM scratch\n", "README.md": "order-book.books.test, and order-book.test on Minikube\n"} {
		file := filepath.Join(dir, "services", "order-book", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	clustertest.Commit(t, dir)
	first := adopt.Names{Module: "git.example.co.uk/team-7/sign_in", Domain: "xn--bcher-kva.example", Registry: "localhost:5000/team/auth", Namespace: "team-7"}
	second := adopt.Names{Module: "example.org/auth/v2", Domain: "staging.example.org", Registry: "registry.example.org/a-team/auth", Namespace: "sign-in"}
	before, err := adopt.Current(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, to := range []adopt.Names{first, second} {
		folder := keys + string(rune('1'+i))
		old := sealed(t, dir)
		done, err := adopt.Adopt(t.Context(), plan(dir, folder, to))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := adopt.Current(dir); err != nil || got != to {
			t.Errorf("the names are %+v, %v; want %+v", got, err, to)
		}
		if len(done.Files) < 300 {
			t.Errorf("only %d files changed", len(done.Files))
		}
		for name, content := range sealed(t, dir) {
			if old[name] == content {
				t.Errorf("%s is as it was", name)
			}
		}
		if _, err := os.Stat(filepath.Join(folder, "gke.key")); err != nil {
			t.Errorf("the private key of gke: %v", err)
		}
		if unformatted := clustertest.Run(t, dir, "gofmt", "-l", "internal", "services", "verify", "cmd", "test", "schema"); unformatted != "" {
			t.Errorf("not formatted:\n%s", unformatted)
		}
		if left := mentions(t, dir, before.Module, "auth."+before.Domain, "https://"+before.Domain, "order-book."+before.Domain, before.Registry); left != "" {
			t.Errorf("old names are left:\n%s", left)
		}
		// Every import leads to a package.
		clustertest.Run(t, dir, "go", "list", "-e=false", "-test", "./...")
		clustertest.Commit(t, dir)
		before = to
	}
}

func sealed(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "sealed-secrets", "*", "*-*.yaml"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d sealed secrets, %v", len(files), err)
	}
	all := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = string(content)
	}
	return all
}

// mentions are the lines with one of the names.
func mentions(t *testing.T, dir string, names ...string) string {
	t.Helper()
	args := []string{"-C", dir, "grep", "-nF"}
	for _, name := range names {
		args = append(args, "-e", name)
	}
	// Two files say which names are tried.
	args = append(args, "--", ".", ":!internal/adopt/adopt_test.go", ":!scripts/test-adopted")
	out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput()
	if failed, is := err.(*exec.ExitError); err != nil && (!is || failed.ExitCode() != 1) {
		t.Fatalf("git grep: %v: %s", err, out)
	}
	return string(out)
}

func TestAdoptionThatCouldLoseSomethingIsRefused(t *testing.T) {
	t.Parallel()
	dir := clustertest.Clone(t)
	good := adopt.Names{Module: "example.org/auth", Domain: "books.example.org", Registry: "registry.example.org/auth", Namespace: "auth"}
	refused := func(what, says string, p adopt.Plan) {
		t.Helper()
		if _, err := adopt.Adopt(t.Context(), p); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", what, err, says)
		}
		if changes := clustertest.Run(t, dir, "git", "status", "--porcelain", "--untracked-files=no"); changes != "" {
			t.Errorf("%s: it changed\n%s", what, changes)
		}
	}
	elsewhere := t.TempDir()
	refused("keys in the repository", "is in the repository", plan(dir, filepath.Join(dir, "keys"), good))
	if err := os.WriteFile(filepath.Join(elsewhere, "gke.key"), []byte("in use"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("a key that is there", "has a key for gke already", plan(dir, elsewhere, good))
	for what, c := range map[string]struct {
		change func(*adopt.Names)
		says   string
	}{
		"no module":          {func(n *adopt.Names) { n.Module = "" }, "--module"},
		"a URL":              {func(n *adopt.Names) { n.Module = "https://example.org/auth" }, "--module"},
		"module as the host": {func(n *adopt.Names) { n.Module = "auth.books.example.org/auth" }, "could not tell the two apart"},
		"no domain":          {func(n *adopt.Names) { n.Domain = "" }, "--domain"},
		"capitals":           {func(n *adopt.Names) { n.Domain = "Example.org" }, "--domain"},
		"a single word":      {func(n *adopt.Names) { n.Domain = "localhost" }, "--domain"},
		"a port":             {func(n *adopt.Names) { n.Domain = "example.org:80" }, "--domain"},
		"a scheme":           {func(n *adopt.Names) { n.Registry = "https://registry.example.org/auth" }, "--registry"},
		"a tag":              {func(n *adopt.Names) { n.Registry = "registry.example.org/auth:v1" }, "--registry"},
		"a namespace of two": {func(n *adopt.Names) { n.Namespace = "sign.in" }, "--namespace"},
		"no folder":          {func(n *adopt.Names) { n.Registry = "registry.example.org" }, "--registry"},
	} {
		names := good
		c.change(&names)
		refused(what, c.says, plan(dir, t.TempDir(), names))
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct{ dir, says string }{"a changed tree": {dir, "the tree has changes"}, "no repository": {t.TempDir(), "no git repository"}} {
		if _, err := adopt.Adopt(t.Context(), plan(c.dir, t.TempDir(), good)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", what, err, c.says)
		}
	}
}
