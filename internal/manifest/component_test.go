package manifest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/manifest"
)

// withComponent renders an overlay with a component added, in a copy.
func withComponent(t *testing.T, overlay, component string) *manifest.Set {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"kustomize", "sealed-secrets"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join(root, part))); err != nil {
			t.Fatal(err)
		}
	}
	added := filepath.Join(dir, "kustomize", "overlays", "added")
	text := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: auth\nresources: [../" + overlay + "]\ncomponents: [../../components/" + component + "]\n"
	if err := os.MkdirAll(added, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(added, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := manifest.Render(added)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(out))
}

func TestComponentsRenderOnEveryOverlayAndKeepTheRules(t *testing.T) {
	components, err := os.ReadDir(filepath.Join(root, "kustomize/components"))
	if err != nil || len(components) == 0 {
		t.Fatalf("%d components, %v", len(components), err)
	}
	for _, component := range components {
		if _, err := os.Stat(filepath.Join(root, "kustomize/components", component.Name(), "README.md")); err != nil {
			t.Error(err)
		}
		for _, overlay := range overlays() {
			s := withComponent(t, overlay, component.Name())
			for _, r := range rules() {
				// Opening the metrics' port, to Prometheus alone, is what monitoring is for.
				if !r.isFor(overlay) || component.Name() == "monitoring" && strings.Contains(r.name, "metrics to nobody") {
					continue
				}
				for _, found := range r.check(s) {
					t.Errorf("%s with %s: %s: %s", overlay, component.Name(), r.name, found)
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

// Each metric that the dashboard shows is one that the program has.
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
	for _, file := range []string{"services/auth-api/metrics.go", "services/auth-api/internal/httpapi/metrics.go"} {
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
