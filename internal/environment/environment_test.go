package environment_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/cluster"
	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/doctor"
	"auth.books.test/internal/environment"
	"auth.books.test/internal/manifest"
)

// checkout is a copy of what environments are made of.
func checkout(t *testing.T) string {
	t.Helper()
	dir := clustertest.Checkout(t)
	mod, err := os.ReadFile(filepath.Join(clustertest.Root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	clustertest.Write(t, mod, dir, "go.mod")
	return dir
}

// plan is of a machine that reaches no cluster.
func plan(t *testing.T, dir string) environment.Plan {
	t.Helper()
	nobody := func(context.Context, ...string) ([]byte, error) { return nil, os.ErrNotExist }
	return environment.Plan{
		Dir: dir, Name: "canary", From: "gke", Domain: "canary.example.org", Key: filepath.Join(t.TempDir(), "canary.key"),
		Cluster: func(env string) cluster.Cluster {
			return cluster.Cluster{Dir: dir, Env: env, Run: nobody, Now: time.Now}
		},
	}
}

// Not parallel, since kustomize has its schemas in a global variable.
func TestNewEnvironmentHasItsOwnHostsKeyAndSecrets(t *testing.T) {
	dir := checkout(t)
	p, before := plan(t, dir), manifest.Environments(dir)
	p.Namespace = "tries"
	made, err := environment.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if all := manifest.Environments(dir); len(all) != len(before)+1 || !slices.Contains(all, "canary") {
		t.Fatalf("environments: %q", all)
	}
	if namespace := manifest.Namespace(dir, "canary"); namespace != "tries" {
		t.Errorf("the namespace is %q", namespace)
	}
	if found := doctor.Files(t.Context(), p.Cluster("canary")); len(found) > 0 {
		t.Errorf("the doctor finds %v", found)
	}
	gke, after := overlay(t, dir, "gke"), overlay(t, dir, "canary")
	for _, host := range []string{"auth.canary.example.org", "helloworld.canary.example.org", "https://canary.example.org"} {
		if !strings.Contains(after, host) {
			t.Errorf("nothing names %s", host)
		}
	}
	for _, left := range []string{"//auth.books.test", "[auth.books.test]", "helloworld.books.test", "//books.test"} {
		if strings.Contains(after, left) {
			t.Errorf("%s is still named", left)
		}
	}
	for _, name := range made.Secrets {
		old, err := os.ReadFile(filepath.Join(dir, "sealed-secrets/gke", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		mine, err := os.ReadFile(filepath.Join(dir, "sealed-secrets/canary", name+".yaml"))
		if err != nil || string(mine) == string(old) {
			t.Errorf("%s is that of gke, %v", name, err)
		}
	}
	if overlay(t, dir, "gke") != gke || len(made.Files) < 10 || len(made.Secrets) < 5 {
		t.Errorf("gke has changed, or little was made: %+v", made)
	}
	if info, err := os.Stat(p.Key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key: %v, %v", info, err)
	}
}

func TestWhatCannotBecomeAnEnvironmentIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*environment.Plan)
		says   string
	}{
		"a path":               {func(p *environment.Plan) { p.Name = "../canary" }, "lower-case letters"},
		"an empty name":        {func(p *environment.Plan) { p.Name = "" }, "lower-case letters"},
		"one that is there":    {func(p *environment.Plan) { p.Name = "minikube" }, "there already"},
		"from nowhere":         {func(p *environment.Plan) { p.From = "production" }, `no overlay "production"`},
		"from a public key":    {func(p *environment.Plan) { p.From = "minikube" }, "public"},
		"no domain":            {func(p *environment.Plan) { p.Domain = "" }, "--domain"},
		"a URL for a domain":   {func(p *environment.Plan) { p.Domain = "https://example.org" }, "--domain"},
		"the key in the tree":  {func(p *environment.Plan) { p.Key = filepath.Join(p.Dir, "keys", "canary.key") }, "outside of the repository"},
		"a key that is there":  {func(p *environment.Plan) { clustertest.Write(t, []byte("used"), p.Key) }, "may be in use"},
		"no folder for a key":  {func(p *environment.Plan) { p.Key = filepath.Join(filepath.Dir(p.Key), "none", "canary.key") }, "none"},
		"a namespace of two":   {func(p *environment.Plan) { p.Namespace = "a.b" }, "--namespace"},
		"no file for the key":  {func(p *environment.Plan) { p.Key = "" }, "outside of the repository"},
		"a domain in capitals": {func(p *environment.Plan) { p.Domain = "Canary.example.org" }, "lower case"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := checkout(t)
			p, before := plan(t, dir), folders(t, dir)
			c.change(&p)
			if _, err := environment.New(t.Context(), p); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			if after := folders(t, dir); !slices.Equal(after, before) {
				t.Errorf("there were %q, and are %q", before, after)
			}
		})
	}
}

// overlay is the text of all files of an overlay.
func overlay(t *testing.T, dir, env string) string {
	t.Helper()
	var text strings.Builder
	err := filepath.WalkDir(filepath.Join(dir, "kustomize/overlays", env), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		text.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// folders are those of environments, whole or not.
func folders(t *testing.T, dir string) []string {
	t.Helper()
	overlays, err := filepath.Glob(filepath.Join(dir, "kustomize/overlays/*"))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := filepath.Glob(filepath.Join(dir, "sealed-secrets/*"))
	if err != nil {
		t.Fatal(err)
	}
	return append(overlays, sealed...)
}
