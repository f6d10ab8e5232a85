package manifest_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"auth.books.test/internal/cluster/clustertest"
	"auth.books.test/internal/manifest"
)

// components are all components, and the overlays that each is for.
func components() map[string][]string {
	gke := []string{"gke"}
	return map[string][]string{
		"backup": overlays(), "monitoring": overlays(), "valkey": overlays(), "postgres-18": overlays(), "registry-mirror": overlays(), "cloudnative-pg": overlays(),
		"cloud-sql": gke, "memorystore": gke, "redis-sentinel": gke, "ingress-gce": gke,
		// The overlay minikube has mailpit anyway.
		liveUpdate: {"minikube"}, "gateway": {"minikube"}, "mailpit": {"minikube"},
	}
}

// rendered caches rendered overlays for all tests, since rendering takes a second. It is the
// only global variable of the package.
var rendered sync.Map

// withComponent renders an overlay with a component added, in a copy.
func withComponent(t *testing.T, overlay, component string) *manifest.Set {
	t.Helper()
	key := overlay + " with " + component
	text, found := rendered.Load(key)
	if !found {
		text = renderWith(t, overlay, component)
		rendered.Store(key, text)
	}
	return parse(t, text.(string))
}

// change replaces a text in a file below kustomize.
type change struct{ file, old, new string }

// renderWith renders a copy of an overlay to which it has added the component, as the README
// says, and made the changes.
func renderWith(t *testing.T, overlay, component string, changes ...change) string {
	t.Helper()
	out, err := manifest.Render(copyWith(t, overlay, component, changes...))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// copyWith is the copy's folder.
func copyWith(t *testing.T, overlay, component string, changes ...change) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"kustomize", "sealed-secrets"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(root, part))); err != nil {
			t.Fatal(err)
		}
	}
	clustertest.AddComponent(t, dir, overlay, component)
	for _, c := range changes {
		file := filepath.Join(dir, "kustomize", c.file)
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), c.old) {
			t.Fatalf("%s has no %q: %v", c.file, c.old, err)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), c.old, c.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "kustomize", "overlays", overlay)
}

func TestEveryComponentIsTriedAndHasAReadme(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(filepath.Join(root, "kustomize/components"))
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, e := range entries {
		there = append(there, e.Name())
		readme, err := os.ReadFile(filepath.Join(root, "kustomize/components", e.Name(), "README.md"))
		if err != nil {
			t.Error(err)
		}
		// Only Tilt uses this one.
		if e.Name() == liveUpdate {
			continue
		}
		for _, says := range []string{"# " + e.Name() + "\n", "components:\n  - ../../components/" + e.Name() + "\n", "or every overlay", "**First**", "**What it changes**", "**What it does not do**", "roved"} {
			only := says == "or every overlay" && slices.ContainsFunc(overlays(), func(o string) bool { return strings.Contains(string(readme), "or the overlay `"+o+"`") }) && !slices.Equal(components()[e.Name()], overlays())
			if !only && !strings.Contains(string(readme), says) {
				t.Errorf("%s: the README does not say %q", e.Name(), says)
			}
		}
	}
	if tried := slices.Sorted(maps.Keys(components())); !slices.Equal(there, tried) {
		t.Errorf("there are %v, and %v are tried", there, tried)
	}
}

func TestComponentsRenderOnTheirOverlaysAndKeepTheRules(t *testing.T) {
	for component, on := range components() {
		for _, overlay := range on {
			s := withComponent(t, overlay, component)
			for _, r := range rules() {
				// The component monitoring opens the port of the metrics, to Prometheus alone.
				// Memorystore has no users, as its README says.
				if !r.isFor(overlay) || component == "monitoring" && strings.Contains(r.name, "metrics to nobody") ||
					component == "memorystore" && strings.Contains(r.name, "only auth-api may write tokens") {
					continue
				}
				for _, found := range r.check(s) {
					t.Errorf("%s with %s: %s: %s", overlay, component, r.name, found)
				}
			}
		}
	}
}

func TestMonitoringOpensTheMetricsToPrometheusAlone(t *testing.T) {
	for _, overlay := range overlays() {
		s := withComponent(t, overlay, "monitoring")
		monitors := s.OfKind("PodMonitor")
		if len(monitors) != 1 || monitors[0].Namespace != "auth" {
			t.Errorf("%s: %+v", overlay, monitors)
		}
		i := slices.IndexFunc(s.Policies, func(p *policy) bool { return p.Name == "auth-api-metrics" })
		if i < 0 || len(s.Policies[i].Spec.Ingress[0].From) != 1 || s.Policies[i].Spec.Ingress[0].From[0].NamespaceSelector == nil || s.Policies[i].Spec.Ingress[0].From[0].PodSelector == nil {
			t.Errorf("%s: the metrics are open to more than Prometheus", overlay)
		}
	}
}

// The program has each metric that the dashboard shows.
func TestDashboardShowsMetricsThatExist(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join(root, "kustomize/components/monitoring/auth-api.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &board); err != nil || len(board.Panels) == 0 {
		t.Fatalf("%d panels, %v", len(board.Panels), err)
	}
	var source strings.Builder
	for _, file := range []string{"services/auth-api/internal/app/metrics.go", "services/auth-api/internal/httpapi/metrics.go"} {
		b, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		source.Write(b)
	}
	name := regexp.MustCompile(`\b(auth|session|process)_[a-z_]+`)
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			for _, metric := range name.FindAllString(target.Expr, -1) {
				metric = strings.TrimSuffix(strings.TrimSuffix(metric, "_bucket"), "_count")
				if metric != "process_resident_memory_bytes" && !strings.Contains(source.String(), `"`+metric+`"`) {
					t.Errorf("%s shows %s, which auth-api does not have", p.Title, metric)
				}
			}
		}
	}
}
