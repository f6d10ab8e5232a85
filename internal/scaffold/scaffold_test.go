package scaffold_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/manifest"
	"auth.books.test/internal/scaffold"
)

// name is one that no service of anybody's has, since these tests pass in repositories with more services too.
const name = "q7-try-out"

// None of these tests is parallel, since New renders, and kustomize has its schemas in a global variable.

// The rules of the manifests and of the layout hold in the copy, where they know the new service by its
// folder alone. `make test-new-service` runs all tests there.
func TestNewServiceKeepsTheRules(t *testing.T) {
	dir := clustertest.Clone(t)
	began := time.Now()
	made, err := scaffold.New(t.Context(), dir, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("made in %v: %d files, %d lists", time.Since(began).Round(10*time.Millisecond), len(made.Files), len(made.Lists))
	if used := clustertest.Run(t, dir, "git", "grep", "-h", "local-port: ", "--", "kustomize"); made.Port <= "18001" || strings.Contains(used, made.Port) {
		t.Errorf("`tilt up` forwards port %s, and others have\n%s", made.Port, used)
	}
	for _, file := range []string{
		"services/q7-try-out/main.go", "services/q7-try-out/api_test.go", "services/q7-try-out/Dockerfile", "kustomize/base/q7-try-out/deployment.yaml", "kustomize/base/q7-try-out/networkpolicy.yaml",
		"kustomize/overlays/minikube/q7-try-out/ingress.yaml", "kustomize/overlays/gke/q7-try-out/httproute.yaml",
	} {
		if !slices.Contains(made.Files, file) {
			t.Errorf("there is no %s", file)
		}
	}
	// What is shared got one line each.
	if stat := clustertest.Run(t, dir, "git", "diff", "--numstat", "--", "kustomize", "services", "Tiltfile", "scripts", "Makefile"); strings.Count(stat, "\n") != len(made.Lists) ||
		strings.Count(stat, "1\t0\t") != len(made.Lists) || len(made.Lists) != 2+len(manifest.Environments(dir)) {
		t.Errorf("changed:\n%s", stat)
	}
	for _, file := range made.Files {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ToLower(string(text)), scaffold.Template) {
			t.Errorf("%s speaks of %s", file, scaffold.Template)
		}
	}
	if unformatted := clustertest.Run(t, dir, "gofmt", "-l", "services/"+name); unformatted != "" {
		t.Errorf("not formatted: %s", unformatted)
	}
	clustertest.Run(t, dir, "go", "vet", "./services/"+name)
	if out := clustertest.Run(t, dir, "go", "run", "-buildvcs=false", "./services/"+name, "version"); !strings.HasPrefix(out, "q7-try-out ") {
		t.Errorf("it says %s", out)
	}
	clustertest.Run(t, dir, "go", "test", "./internal/layout", "./internal/manifest", "-run", "OverlaysKeepTheRules|TiltKeepsTheRules|AsReviewed|ImportsKeepTheRules|RelativeLink")
}

func TestRefusedServiceLeavesNothingBehind(t *testing.T) {
	dir := clustertest.Clone(t)
	refused := func(name, says string) {
		t.Helper()
		before := clustertest.Run(t, dir, "git", "status", "--porcelain")
		if made, err := scaffold.New(t.Context(), dir, name); err == nil || !strings.Contains(err.Error(), says) || made.Name != "" {
			t.Errorf("%q: %v, want %q", name, err, says)
		}
		if after := clustertest.Run(t, dir, "git", "status", "--porcelain"); after != before {
			t.Errorf("%q: it changed\n%s", name, after)
		}
	}
	for bad, says := range map[string]string{
		"":                      "is no name of a service",
		"Orders":                "is no name of a service",
		"order_book":            "is no name of a service",
		"order.book":            "is no name of a service",
		"../order":              "is no name of a service",
		"-order":                "is no name of a service",
		"order-":                "is no name of a service",
		"order--book":           "is no name of a service",
		"7orders":               "is no name of a service",
		strings.Repeat("a", 41): "is no name of a service",
		"internal":              "means something else to Go",
		"kubernetes":            "Kubernetes sets variables",
		"helloworld":            "is there already",
		"auth-api":              "is there already",
		"session-db":            "is there already",
		"schema":                "is there already",
		"default-deny":          "kustomize/base/network/default-deny.yaml",
		"postgres":              "is the name of something in kustomize/",
		"session":               "its settings would begin with SESSION_, as SESSION_DB_HOST of",
		"auth":                  "its settings would begin with AUTH_",
		"secrets":               "is the name of something in the Tiltfile",
	} {
		refused(bad, says)
	}

	// What is half made is taken back.
	clustertest.Edit(t, filepath.Join(dir, "kustomize/overlays/gke/kustomization.yaml"), "  - gateway.yaml\n", "  - gateway.yaml\n  - not-there.yaml\n")
	clustertest.Commit(t, dir)
	refused(name, "not-there.yaml")

	clustertest.Write(t, []byte("mine\n"), dir, "services/helloworld/mine.go")
	refused(name, "services/helloworld has changes that are not committed")
	clustertest.Remove(t, dir, "services/helloworld/mine.go")
	clustertest.Edit(t, filepath.Join(dir, "kustomize/base/kustomization.yaml"), "  - helloworld\n", "  - helloworld\n  - mine\n")
	refused(name, "kustomize/base/kustomization.yaml has changes that are not committed")

	if _, err := scaffold.New(t.Context(), t.TempDir(), name); err == nil || !strings.Contains(err.Error(), "no git repository") {
		t.Errorf("outside of a repository: %v", err)
	}
}

func TestNewServiceIsInTheGoldenFilesOfEveryEnvironment(t *testing.T) {
	dir := clustertest.Clone(t)
	overlays := filepath.Join(dir, "kustomize", "overlays")
	if err := os.CopyFS(filepath.Join(overlays, "q7-environment"), os.DirFS(filepath.Join(overlays, "gke"))); err != nil {
		t.Fatal(err)
	}
	golden := manifest.GoldenFolder + "/q7-environment.yaml"
	clustertest.Write(t, []byte("before\n"), dir, golden)
	clustertest.Commit(t, dir)
	made, err := scaffold.New(t.Context(), dir, name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, golden))
	if err != nil || !slices.Contains(made.Goldens, golden) || !strings.Contains(string(text), name) {
		t.Errorf("%s was not rendered anew: %q, %v", golden, made.Goldens, err)
	}
}
