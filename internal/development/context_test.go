package development_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"auth.books.test/internal/development"
)

func TestOnlyContextsOfDevelopmentAreAccepted(t *testing.T) {
	t.Parallel()
	for context, accepted := range map[string]bool{
		"minikube": true, "one-node": true, "docker-desktop": true, "kind-a": true, "kind-kind": true,
		"": false, "kind": false, "kind-": false, "kind-?*x": true, "minikube2": false, "xminikube": false, "k3d-a": false, "gke_a": false, "minikube\n": false,
	} {
		if development.IsContext(context) != accepted {
			t.Errorf("%q: accepted %v", context, !accepted)
		}
	}
}

// The scripts list the patterns as they are, the Tiltfile lists names and prefixes.
func TestTheTiltfileAndScriptsRepeatTheListOfContexts(t *testing.T) {
	t.Parallel()
	patterns := development.Contexts()
	for _, script := range []string{"scripts/deploy", "scripts/gateway-api"} {
		if line := "  " + strings.Join(patterns, " | ") + ") ;;"; !slices.Contains(strings.Split(read(t, script), "\n"), line) {
			t.Errorf("%s has no line %q", script, line)
		}
	}
	condition := regexp.MustCompile(`(?m)^if context not in .*$`).FindString(read(t, "Tiltfile"))
	var named []string
	for _, quoted := range regexp.MustCompile(`'([^']+)'`).FindAllStringSubmatch(condition, -1) {
		if !slices.Contains(named, quoted[1]) {
			named = append(named, quoted[1])
		}
	}
	var want, probes []string
	for _, pattern := range patterns {
		name := strings.TrimSuffix(pattern, "?*")
		want = append(want, name)
		probes = append(probes, name, name+"2", "x"+name, strings.ToUpper(name))
	}
	if !slices.Equal(named, want) {
		t.Errorf("the Tiltfile accepts %q, want %q", named, want)
	}
	for _, context := range append(probes, "", "production", "gke_a") {
		if _, err := inContext(context); (err == nil) != development.IsContext(context) {
			t.Errorf("%q: the Tiltfile accepts it: %v, Go: %v", context, err == nil, development.IsContext(context))
		}
	}
	page := read(t, "docs/development.md")
	for _, pattern := range patterns {
		if name := "`" + strings.Replace(pattern, "?*", "…", 1) + "`"; !strings.Contains(page, name) {
			t.Errorf("docs/development.md does not name %s", name)
		}
	}
}
